using System.Collections.Concurrent;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Runs everything of a simulation on one thread, in virtual time.</summary>
/// <remarks>
/// The product itself hops over the thread pool: the callbacks of a token, and what waits for a completion that runs nothing inline.
/// Whatever was handed to the pool has come back before the next thing runs here, so that time never overtakes it and a seed plays
/// the same each time. That needs a pool that nobody else uses: see <see cref="DrainSimulation"/>.
/// </remarks>
internal sealed class SimulationPump : SynchronizationContext
{
    private readonly ConcurrentQueue<(SendOrPostCallback Code, object? State)> _queue = new();

    internal VirtualTime Time { get; } = new();

    public override void Post(SendOrPostCallback d, object? state) => _queue.Enqueue((d, state));

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Runs something to its end.</summary>
    /// <param name="code">What.</param>
    /// <param name="bound">How long it may take, in virtual time.</param>
    internal void Run(Func<Task> code, TimeSpan bound)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            var running = code();
            Settle();
            while (!running.IsCompleted)
            {
                Assert.True(Time.Now <= bound, $"It is not over after {bound}.");
                Assert.True(Time.Next(), $"It is not over at {Time.Now}, and nothing is left that could go on.");
                Settle();
            }

            running.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    private void Settle()
    {
        QuietPool.Wait();
        while (_queue.TryDequeue(out var work))
        {
            work.Code(work.State);
            QuietPool.Wait();
        }
    }

    /// <summary>The thread pool, as far as one can see from outside whether it has anything to do.</summary>
    private static class QuietPool
    {
        /// <summary>How long it takes until a thread that is busy counts as blocked for good, such as that of the test runner.</summary>
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

        private static readonly TimeSpan WatchTime = TimeSpan.FromMilliseconds(50);

        private static int _blocked = Watch();

        private static int Busy
        {
            get
            {
                ThreadPool.GetMaxThreads(out var all, out _);
                ThreadPool.GetAvailableThreads(out var free, out _);
                return all - free;
            }
        }

        internal static void Wait()
        {
            if (IsQuiet())
            {
                return;
            }

            var since = TimeProvider.System.GetTimestamp();
            while (!IsQuiet())
            {
                Thread.Yield();
                if (TimeProvider.System.GetElapsedTime(since) > Patience)
                {
                    _blocked = Watch();
                }
            }
        }

        // In this order: what is taken from the queue is busy at once.
        private static bool IsQuiet()
        {
            if (ThreadPool.PendingWorkItemCount > 0)
            {
                return false;
            }

            var busy = Busy;
            _blocked = Math.Min(_blocked, busy);
            return busy <= _blocked && ThreadPool.PendingWorkItemCount == 0;
        }

        /// <summary>Counts the threads that stay busy while nothing is asked of them.</summary>
        private static int Watch()
        {
            var fewest = int.MaxValue;
            for (var since = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(since) < WatchTime;)
            {
                fewest = Math.Min(fewest, Busy);
                Thread.Yield();
            }

            return fewest;
        }
    }
}

/// <summary>Simulations, which take all of a processor: no test that has to be quick runs beside them.</summary>
[CollectionDefinition(nameof(Simulated), DisableParallelization = true)]
public sealed class Simulated;

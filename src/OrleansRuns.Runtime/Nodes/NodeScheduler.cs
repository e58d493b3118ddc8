namespace OrleansRuns.Runtime;

/// <summary>Runs node code on threads of its own, so many at a time.</summary>
/// <remarks>
/// Node code may block. On the thread pool, which Orleans itself needs, a few dozen blocking nodes make a silo answer too late to be
/// taken for alive. Threads are made when work waits and none is idle, and end when they are idle for long. The continuations of a
/// node's awaits come back here, unless its code says otherwise. So a node that blocks until code of its own has ended may hold the
/// thread that this code waits for: when all threads stand still, more are made, at most one for each node that runs.
/// </remarks>
internal sealed class NodeScheduler : TaskScheduler, IDisposable
{
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    /// <summary>For how long no thread may come for what is queued until one more is made.</summary>
    internal static readonly TimeSpan StuckTime = TimeSpan.FromMilliseconds(50);

    private readonly Queue<Task> _queue = [];
    private readonly SemaphoreSlim _slots;
    private readonly TaskScheduler _place;
    private readonly ITimer _watch;
    private bool _isDisposed;
    private bool _isWatching;
    private bool _isStuck;
    private int _maxThreads;
    private int _threads;
    private int _idle;
    private int _leftBehind;

    /// <summary>Makes a scheduler.</summary>
    /// <param name="maxConcurrency">How many nodes run at the same time.</param>
    /// <param name="time">Tells when all threads have stood still for too long.</param>
    /// <param name="place">Where their code runs; on threads of the scheduler's own when left out.</param>
    internal NodeScheduler(int maxConcurrency, TimeProvider time, TaskScheduler? place = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxConcurrency, 1);
        _place = place ?? this;
        _maxThreads = maxConcurrency;
        _slots = new SemaphoreSlim(maxConcurrency);
        _watch = time.CreateTimer(_ => HelpIfStuck(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Gets how many nodes were left behind and still run.</summary>
    internal int LeftBehind => Volatile.Read(ref _leftBehind);

    public override int MaximumConcurrencyLevel => Volatile.Read(ref _maxThreads);

    /// <summary>Gets whether one more thread may be made for nodes that run already.</summary>
    private bool MayHelp => _threads < 2 * _maxThreads;

    public void Dispose()
    {
        lock (_queue)
        {
            _isDisposed = true;
            Monitor.PulseAll(_queue);
        }

        _watch.Dispose();
        _slots.Dispose();
    }

    /// <summary>Waits for a slot and starts node code in it.</summary>
    /// <param name="code">The code.</param>
    /// <param name="cancellationToken">Gives up the waiting; code that has started ends by itself.</param>
    internal async Task<NodeWork<T>> StartAsync<T>(Func<Task<T>> code, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        // The node is not part of the grain call or the run's own trace that happens to start it.
        var task = Task.Factory.StartNew(code, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _place).Unwrap();
        var work = new NodeWork<T>(this, task);
        _ = task.ContinueWith(_ => work.End(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, Default);
        return work;
    }

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_queue)
        {
            return [.. _queue];
        }
    }

    protected override void QueueTask(Task task)
    {
        lock (_queue)
        {
            _queue.Enqueue(task);
            FindThread();
        }
    }

    // A node's task must not run on the thread of whoever waits for it.
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && Current == this && TryExecuteTask(task);

    internal void Release(bool wasLeftBehind)
    {
        if (!wasLeftBehind)
        {
            _slots.Release();
            return;
        }

        lock (_queue)
        {
            _maxThreads--;
            _leftBehind--;
        }
    }

    internal void LeaveBehind()
    {
        lock (_queue)
        {
            _maxThreads++;
            _leftBehind++;
            // Continuations of other nodes may have waited behind the one that does not end.
            FindThread();
        }

        _slots.Release();
    }

    /// <summary>Wakes an idle thread for what is queued, or makes one. Called under the lock.</summary>
    private void FindThread()
    {
        if (_idle >= _queue.Count)
        {
            Monitor.Pulse(_queue);
        }
        else if (_threads < _maxThreads)
        {
            AddThread();
        }
        else
        {
            Monitor.Pulse(_queue);
            Watch();
        }
    }

    private void AddThread()
    {
        _threads++;
        new Thread(Work) { IsBackground = true, Name = "OrleansRuns node" }.Start();
    }

    /// <summary>Looks again when a thread should have come. Called under the lock.</summary>
    private void Watch()
    {
        if (!_isWatching && MayHelp)
        {
            _isWatching = _isStuck = true;
            _watch.Change(StuckTime, Timeout.InfiniteTimeSpan);
        }
    }

    private void HelpIfStuck()
    {
        lock (_queue)
        {
            _isWatching = false;
            if (_queue.Count == 0)
            {
                return;
            }

            // A node that was left behind may have ended meanwhile: then fewer threads may be made.
            if (_isStuck && MayHelp)
            {
                AddThread();
            }

            Watch();
        }
    }

    private void Work()
    {
        while (Take() is { } task)
        {
            TryExecuteTask(task);
        }
    }

    /// <summary>Waits for work without spinning: dozens of idle threads must not cost the silo its processors.</summary>
    /// <returns>The work, or <see langword="null"/> when this thread is to end.</returns>
    private Task? Take()
    {
        lock (_queue)
        {
            while (_queue.Count == 0)
            {
                _idle++;
                var isWanted = Monitor.Wait(_queue, IdleTime);
                _idle--;
                if (_queue.Count == 0 && (!isWanted || _isDisposed))
                {
                    _threads--;
                    return null;
                }
            }

            _isStuck = false;
            return _queue.Dequeue();
        }
    }
}

/// <summary>Node code that was started.</summary>
internal sealed class NodeWork<T>(NodeScheduler scheduler, Task<T> task)
{
    private const int Running = 0;
    private const int Left = 1;
    private const int Ended = 2;

    private int _state;

    internal Task<T> Task { get; } = task;

    /// <summary>Gives the slot of code that does not end to others.</summary>
    /// <returns>Whether the code is still running.</returns>
    internal bool LeaveBehind()
    {
        if (Interlocked.CompareExchange(ref _state, Left, Running) != Running)
        {
            return false;
        }

        scheduler.LeaveBehind();
        return true;
    }

    internal void End() => scheduler.Release(Interlocked.Exchange(ref _state, Ended) == Left);
}

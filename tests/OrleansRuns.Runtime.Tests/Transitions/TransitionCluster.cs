using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>
/// A cluster whose writes can be made to fail, to lose their answer, and to wait: one for the tests of all transitions, which come one
/// after the other, each with threads of its own.
/// </summary>
public abstract class TransitionCluster : IAsyncLifetime
{
    private readonly SkippedTime _time = new();
    private RunCluster? _cluster;
    private RunStore? _store;
    private IDisposable? _skipping;

    /// <summary>Gets the cluster.</summary>
    internal RunCluster Cluster => _cluster!;

    /// <summary>Gets the hooks of the log's appends.</summary>
    internal LogHooks Log { get; } = new();

    public virtual async Task InitializeAsync()
    {
        _store = OpenStore();
        _cluster = await RunCluster.StartAsync(options =>
        {
            options.Store = _store;
            options.Configure = runs => runs.Configure<RunsOptions>(one => one.NodeCancellationGrace = TimeSpan.FromMilliseconds(50));
            options.ConfigureSilo = silo =>
            {
                Log.Attach(silo.Services);
                silo.Services.AddSingleton<TimeProvider>(_time);
            };
        });
    }

    public virtual async Task DisposeAsync()
    {
        await _cluster!.DisposeAsync();
        _store!.Dispose();
    }

    protected abstract RunStore OpenStore();

    /// <summary>Takes all hooks away.</summary>
    internal TransitionCluster Reset()
    {
        _skipping?.Dispose();
        _skipping = null;
        Cluster.Store.Hooks.Before = Cluster.Store.Hooks.After = _ => Task.CompletedTask;
        Cluster.Store.Hooks.BeforeEnd = _ => Task.CompletedTask;
        Cluster.Store.LeaseHooks.Before = _ => Task.CompletedTask;
        Log.Before = Log.After = _ => Task.CompletedTask;
        return this;
    }

    /// <summary>Lets the time of a run with <see cref="SkippedTime.Limit"/> be over, which stands at its gate.</summary>
    internal async Task RunOutOfTimeAsync(string threadId)
    {
        await Cluster.Gates.Of(threadId).ReachedAsync();
        _skipping = _time.Skip();
    }

    /// <summary>Makes the next call with a name fail, or lose its answer.</summary>
    /// <returns>Tells how often the call was made.</returns>
    internal Func<int> Inject(string call, Trial trial, Exception? exception = null)
    {
        var (before, after) = (0, 0);
        var failure = exception ?? new TimeoutException("The database did not answer.");
        Cluster.Store.Hooks.Before = name =>
            name == call && Interlocked.Increment(ref before) == 1 && trial == Trial.WriteFails
                ? Task.FromException(failure)
                : Task.CompletedTask;
        Cluster.Store.Hooks.After = name =>
            name == call && Interlocked.Increment(ref after) == 1 && trial == Trial.AnswerLost
                ? Task.FromException(failure)
                : Task.CompletedTask;
        return () => before;
    }

    /// <summary>Lets no search of recovery find anything, which would help whoever is tested.</summary>
    internal void FailSearches() =>
        Cluster.Store.LeaseHooks.Before = name => name == nameof(IOwnerLeases.ListDueAsync)
            ? Task.FromException(new TimeoutException("The database did not answer the search."))
            : Task.CompletedTask;

    /// <summary>Holds the next call with a name open before it is made.</summary>
    internal HeldCall HoldBefore(string call)
    {
        var held = new HeldCall(call);
        Cluster.Store.Hooks.Before = held.PassAsync;
        return held;
    }

    /// <summary>Holds the next write of a run's end, also while other runs end.</summary>
    internal HeldCall HoldEndOf(string runId)
    {
        var held = new HeldCall(NameOf(runId));
        Cluster.Store.Hooks.BeforeEnd = end => held.PassAsync(NameOf(end.RunId));
        return held;

        static string NameOf(string id) => $"{nameof(IRunCatalog.EndAsync)} of run '{id}'";
    }

    /// <summary>Holds the answer of the next call with a name.</summary>
    internal HeldCall HoldAfter(string call)
    {
        var held = new HeldCall(call);
        Cluster.Store.Hooks.After = held.PassAsync;
        return held;
    }

    internal async Task<RunRow> RowAsync(string runId) => (await Cluster.Catalog.FindRunAsync(runId, CancellationToken.None))!;
}

/// <summary>The first call with a name, held open until it is released.</summary>
internal sealed class HeldCall(string call)
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task ReachedAsync() => _reached.Task.WithinAsync($"{call} to be called");

    internal void Release() => _released.TrySetResult();

    internal Task PassAsync(string name) =>
        name == call && _reached.TrySetResult() ? _released.Task.WithinAsync($"{call} to be released") : Task.CompletedTask;
}

/// <summary>Lets a test come before or after an append.</summary>
internal sealed class LogHooks
{
    internal Func<LogEntry, Task> Before { get; set; } = _ => Task.CompletedTask;

    internal Func<LogEntry, Task> After { get; set; } = _ => Task.CompletedTask;

    internal void Attach(IServiceCollection services)
    {
        var log = services.Last(service => service.ServiceType == typeof(IThreadLogStore));
        services.Remove(log);
        services.AddSingleton<IThreadLogStore>(provider =>
            new HookedThreadLog((IThreadLogStore)log.ImplementationFactory!(provider), this));
    }

    private sealed class HookedThreadLog(IThreadLogStore inner, LogHooks hooks) : IThreadLogStore
    {
        public async Task<AppendOutcome> AppendAsync(
            string logId, long position, LogEntry entry, CancellationToken cancellationToken)
        {
            await hooks.Before(entry);
            var outcome = await inner.AppendAsync(logId, position, entry, cancellationToken);
            await hooks.After(entry);
            return outcome;
        }

        public Task<ImmutableArray<StoredEntry>> ReadLineAsync(string logId, long? position, CancellationToken cancellationToken) =>
            inner.ReadLineAsync(logId, position, cancellationToken);

        public Task<ImmutableArray<StoredEntry>> ReadPageAsync(
            string logId, long from, int limit, CancellationToken cancellationToken) =>
            inner.ReadPageAsync(logId, from, limit, cancellationToken);

        public Task<int> PruneAsync(string logId, long below, CancellationToken cancellationToken) =>
            inner.PruneAsync(logId, below, cancellationToken);
    }
}

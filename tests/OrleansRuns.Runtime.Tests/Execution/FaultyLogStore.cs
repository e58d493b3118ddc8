using System.Collections.Immutable;

namespace OrleansRuns.Runtime.Tests;

/// <summary>What happens at one access to a log.</summary>
internal enum LogFault
{
    /// <summary>The process dies before the access.</summary>
    DeathBefore,

    /// <summary>The access happens, and the process dies before it hears of it.</summary>
    DeathAfter,

    /// <summary>The access fails; the process goes on.</summary>
    FailsOnce,

    /// <summary>The access happens, but its answer is lost; the process goes on.</summary>
    LosesAnswer,
}

/// <summary>What a simulated process dies of. Nothing in the product knows or catches it.</summary>
internal sealed class SimulatedDeathException : Exception;

/// <summary>A log store of one process, with one fault at one of its accesses.</summary>
internal sealed class FaultyLogStore(IThreadLogStore inner, int at, LogFault fault) : IThreadLogStore
{
    private int _accesses;
    private volatile bool _isDead;

    internal int Accesses => Volatile.Read(ref _accesses);

    internal bool IsHit => Accesses >= at;

    public Task<AppendOutcome> AppendAsync(string logId, long position, LogEntry entry, CancellationToken cancellationToken) =>
        AccessAsync(() => inner.AppendAsync(logId, position, entry, cancellationToken));

    public Task<ImmutableArray<StoredEntry>> ReadLineAsync(string logId, long? position, CancellationToken cancellationToken) =>
        AccessAsync(() => inner.ReadLineAsync(logId, position, cancellationToken));

    public Task<ImmutableArray<StoredEntry>> ReadPageAsync(string logId, long from, int limit, CancellationToken cancellationToken) =>
        AccessAsync(() => inner.ReadPageAsync(logId, from, limit, cancellationToken));

    public Task<int> PruneAsync(string logId, long below, CancellationToken cancellationToken) =>
        AccessAsync(() => inner.PruneAsync(logId, below, cancellationToken));

    private async Task<T> AccessAsync<T>(Func<Task<T>> access)
    {
        // Asynchronous, as a database is: what the run's other tasks hand in meanwhile goes into the next entry.
        await Task.Yield();
        if (_isDead)
        {
            throw new SimulatedDeathException();
        }

        var isHere = Interlocked.Increment(ref _accesses) == at;
        if (isHere && fault == LogFault.DeathBefore)
        {
            throw Die();
        }

        if (isHere && fault == LogFault.FailsOnce)
        {
            throw Unavailable();
        }

        var result = await access();
        return isHere
            ? fault switch
            {
                LogFault.DeathAfter => throw Die(),
                LogFault.LosesAnswer => throw Unavailable(),
                _ => result,
            }
            : result;
    }

    private SimulatedDeathException Die()
    {
        _isDead = true;
        return new SimulatedDeathException();
    }

    private static LogUnavailableException Unavailable() => new("simulated", new TimeoutException());
}

using Microsoft.Extensions.Time.Testing;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;

namespace OrleansRuns.AdoNet.Tests;

public sealed class MemoryBench : IStorageBench
{
    private readonly FakeTimeProvider _time = new(LogEntries.At);
    private readonly MemoryThreadLogStore _log = new();
    private readonly MemoryRunCatalog _catalog;

    public MemoryBench()
    {
        _catalog = new MemoryRunCatalog(_time);
        Leases = new MemoryOwnerLeases(_catalog, _time);
    }

    public IThreadLogStore Log => _log;

    public IRunCatalog Catalog => _catalog;

    public IRunSearch Search => new MemoryRunSearch(_catalog);

    public IOwnerLeases Leases { get; }

    public IDrainReports Drains { get; } = new MemoryDrainReports();

    public void Advance(TimeSpan by) => _time.Advance(by);

    public Task AgeLeaseAsync(RunOwner owner, TimeSpan by)
    {
        Advance(by);
        return Task.CompletedTask;
    }

    public async Task<long> CountEntriesAsync(string logId) => (await _log.ReadPageAsync(logId, 0, 1000, CancellationToken.None)).Length;

    public Task OverwriteAsync(string logId, long position, byte[] bytes)
    {
        _log.Overwrite(logId, position, bytes);
        return Task.CompletedTask;
    }

    public Task RemoveThreadAsync(string threadId)
    {
        _catalog.Remove(threadId);
        return Task.CompletedTask;
    }
}

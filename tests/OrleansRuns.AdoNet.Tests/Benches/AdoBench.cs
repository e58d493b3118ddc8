using OrleansRuns.Runtime;
using OrleansRuns.TestKit;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>The store of one database, which a class of tests shares: every test uses logs and threads of its own.</summary>
public abstract class AdoBench : IStorageBench, IAsyncLifetime
{
    private StoreHost? _host;

    public IThreadLogStore Log => Host.Log;

    public IRunCatalog Catalog => Host.Catalog;

    public IRunSearch Search => Host.Get<IRunSearch>();

    public IOwnerLeases Leases => Host.Get<IOwnerLeases>();

    public IDrainReports Drains => Host.Get<IDrainReports>();

    internal StoreHost Host => _host ?? throw new InvalidOperationException("The bench is not set up.");

    internal IDatabase Database => Host.Get<IDatabase>();

    public void Advance(TimeSpan by) => Host.Time.Advance(by);

    public virtual Task AgeLeaseAsync(RunOwner owner, TimeSpan by)
    {
        Advance(by);
        return Task.CompletedTask;
    }

    public async Task<long> CountEntriesAsync(string logId) =>
        (long)(await ScalarAsync("select count(*) from orleansstorage where thread = @log", ("log", logId)))!;

    public Task OverwriteAsync(string logId, long position, byte[] bytes) => ScalarAsync(
        "update orleansstorage set payloadbinary = @bytes where thread = @log and position = @position",
        ("bytes", bytes),
        ("log", logId),
        ("position", position));

    public async Task RemoveThreadAsync(string threadId)
    {
        await ScalarAsync("delete from runs where thread_id = @thread", ("thread", threadId));
        await ScalarAsync("delete from threads where thread_id = @thread", ("thread", threadId));
    }

    /// <summary>Runs a statement beside the store.</summary>
    public async Task<object?> ScalarAsync(string sql, params (string Name, object? Value)[] parameters)
    {
        await using var connection = await Database.Source.OpenConnectionAsync();
        return await connection.ScalarAsync<object>(sql, parameters);
    }

    public abstract Task<StoreHost> StartAnotherAsync(Action<ISiloBuilder>? configure = null);

    public virtual async Task InitializeAsync() =>
        _host = await StartAnotherAsync(silo => silo.Services.AddOrleansRunsReader(_ => { }));

    public virtual async Task DisposeAsync() => await Host.DisposeAsync();
}

using OrleansRuns.Runtime;
using OrleansRuns.TestKit;

namespace OrleansRuns.AdoNet.Tests;

public sealed class PostgresBench : AdoBench
{
    private PostgresTestDatabase? _server;

    public string ConnectionString => _server!.ConnectionString;

    public override Task<StoreHost> StartAnotherAsync(Action<ISiloBuilder>? configure = null) => StoreHost.StartAsync(silo =>
    {
        silo.AddOrleansRunsPostgres(options => options.ConnectionString = ConnectionString);
        configure?.Invoke(silo);
    });

    public override Task AgeLeaseAsync(RunOwner owner, TimeSpan by) => ScalarAsync(
        "update silo_leases set expires_at = expires_at - @by where owner = @owner", ("by", by), ("owner", owner.ToString()));

    public override async Task InitializeAsync()
    {
        _server = await PostgresTestDatabase.CreateAsync();
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _server!.DisposeAsync();
    }
}

using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Runtime.Tests;

public sealed class SqliteLogCostTests(ITestOutputHelper output) : LogCostContract(output)
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleansruns-cost-");

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    protected override void Use(ISiloBuilder silo) =>
        silo.UseOrleansRunsSqlite(options => options.File = Path.Combine(_folder.FullName, "runs.db"));
}

public sealed class PostgresLogCostTests(ITestOutputHelper output) : LogCostContract(output), IAsyncLifetime
{
    private PostgresTestDatabase _database = null!;

    async Task IAsyncLifetime.InitializeAsync()
    {
        _database = await PostgresTestDatabase.CreateAsync();
        await InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _database.DisposeAsync();
    }

    protected override void Use(ISiloBuilder silo) =>
        silo.AddOrleansRunsPostgres(options => options.ConnectionString = _database.ConnectionString);
}

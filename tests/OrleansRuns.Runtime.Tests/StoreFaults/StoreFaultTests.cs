using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Runtime.Tests;

public sealed class SqliteStoreFaultTests(ITestOutputHelper output) : StoreFaultContract(output)
{
    protected override RunStore OpenStore() => new();
}

public sealed class PostgresStoreFaultTests(ITestOutputHelper output) : StoreFaultContract(output)
{
    private PostgresTestDatabase? _database;

    protected override int Distance => LongTests.Loops(few: 3, many: 1);

    public override async Task InitializeAsync()
    {
        _database = await PostgresTestDatabase.CreateAsync();
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _database!.DisposeAsync();
    }

    protected override RunStore OpenStore() => RunStore.OnPostgres(_database!.ConnectionString);
}

using OrleansRuns.TestKit;

namespace OrleansRuns.Host.Tests;

/// <summary>The table of effects, on both databases.</summary>
public sealed class OrderEffectsTests
{
    [Fact]
    public async Task DoOnce_OnSqlite_HappensOnce()
    {
        using var program = new HostProgram();

        await AssertOnceAsync(() => OrderEffects.Open(new OrderOptions { File = program.PathOf("new", "orders.db") }, TimeProvider.System));
    }

    [Fact]
    public async Task DoOnce_OnPostgres_HappensOnce()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();

        await AssertOnceAsync(() => OrderEffects.Open(
            new OrderOptions { ConnectionString = database.ConnectionString }, TimeProvider.System));
    }

    private static async Task AssertOnceAsync(Func<OrderEffects> open)
    {
        // Two objects create the table at the same time, as two processes would.
        using var one = open();
        using var other = open();

        var done = await Task.WhenAll(Enumerable.Range(0, 16).Select(index => Task.Run(() =>
            (index % 2 == 0 ? one : other).DoOnceAsync("key", "o-1", "charge", 12.5m, CancellationToken.None))));

        Assert.Single(done, true);
        Assert.True(await one.DoOnceAsync("another key", "o-1", "ship", 12.5m, CancellationToken.None));
        Assert.Equal(["charge", "ship"], await other.ReadKindsAsync("o-1", CancellationToken.None));
    }
}

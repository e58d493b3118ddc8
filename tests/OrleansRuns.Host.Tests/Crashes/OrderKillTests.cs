using Xunit.Abstractions;

namespace OrleansRuns.Host.Tests;

public sealed class OrderKillTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(null, "shipped", new[] { "reserve", "charge", "ship" })]
    [InlineData("ship", "cancelled", new[] { "reserve", "charge", "refund", "release" })]
    public async Task Kill9_DuringOrder_DoublesNoEffect(string? failAt, string status, string[] effects)
    {
        using var program = new HostProgram();
        var failure = failAt is null ? "null" : $"\"{failAt}\"";
        var loop = new KillLoop(
            program,
            "order",
            thread => $$"""
                {"orderId":"{{thread}}","customer":"Ada","items":[{"sku":"book","quantity":2,"price":10.5}],"failAt":{{failure}},"flaky":1}
                """,
            output);

        await loop.RunAsync(
            _ => Task.FromResult(true),
            async (thread, _, ended) =>
            {
                Assert.Equal(status, ended.GetProperty("values").GetProperty("status").GetString());
                using var orders = OrderEffects.Open(
                    new OrderOptions { File = program.PathOf(".orleansruns", "orders.db") }, TimeProvider.System);
                Assert.Equal(effects, await orders.ReadKindsAsync(thread, CancellationToken.None));
            });
    }
}

using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Host.Tests;

/// <summary>Orders in a cluster, judged by their state and by the table of effects.</summary>
public sealed class OrderTests : IAsyncLifetime
{
    private readonly HostProgram _folder = new();
    private RunCluster _cluster = null!;

    private OrderEffects Effects => _cluster.Services.GetRequiredService<OrderEffects>();

    public static TheoryData<string, object, string, string[]> Endings => new()
    {
        { "nothing fails", new { }, "shipped", ["reserve", "charge", "ship"] },
        { "reserve is declined", new { failAt = "reserve" }, "cancelled", [] },
        { "charge is declined", new { failAt = "charge" }, "cancelled", ["reserve", "release"] },
        { "ship is declined", new { failAt = "ship" }, "cancelled", ["reserve", "charge", "refund", "release"] },
        { "every step fails twice", new { flaky = 2 }, "shipped", ["reserve", "charge", "ship"] },
        { "every step fails too often", new { flaky = 4 }, "cancelled", [] },
        {
            "ship is declined and undoing fails twice",
            new { failAt = "ship", flaky = 2 },
            "cancelled",
            ["reserve", "charge", "refund", "release"]
        },
        { "the total needs no approval", new { approveAbove = 21 }, "shipped", ["reserve", "charge", "ship"] },
    };

    public async Task InitializeAsync() =>
        _cluster = await RunCluster.StartAsync(options => options.Configure = runs =>
        {
            var orders = new OrderOptions { File = _folder.PathOf("orders.db") };
            runs.Services.AddSingleton(_ => OrderEffects.Open(orders, TimeProvider.System));
            runs.AddGraph<OrderGraph>("order");
        });

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task Run_Order_EndsWithTheseEffects(string name, object options, string status, string[] effects)
    {
        var run = await _cluster.Runs.Thread().StartAsync("order", Input(name, options));

        var order = await run.ResultAsync<JsonElement>().WithinAsync($"order '{name}' to end");

        Assert.Equal(status, order.GetProperty("status").GetString());
        Assert.Equal(effects, order.GetProperty("effects").EnumerateArray().Select(effect => effect.GetProperty("kind").GetString()));
        Assert.Equal(effects, await Effects.ReadKindsAsync(name, CancellationToken.None));
        Assert.Equal(status == "shipped", order.GetProperty("failure").ValueKind == JsonValueKind.Null);
    }

    [Theory]
    [InlineData(true, "shipped", 3)]
    [InlineData(false, "rejected", 0)]
    public async Task Run_TotalAboveTheLimit_AsksFirst(bool answer, string status, int effects)
    {
        var name = $"approved {answer}";
        var thread = _cluster.Runs.Thread();
        var asking = await thread.StartAsync("order", Input(name, new { approveAbove = 20.99 }));
        await asking.WaitAsync().WithinAsync("the order to ask");
        Assert.Equal(ThreadStatus.Interrupted, (await thread.GetStateAsync()).Status);
        Assert.Empty(await Effects.ReadKindsAsync(name, CancellationToken.None));

        var resumed = await thread.ResumeAsync("order", answer);
        var order = await resumed.ResultAsync<JsonElement>().WithinAsync("the answered order to end");

        Assert.Equal(status, order.GetProperty("status").GetString());
        Assert.Equal(effects, (await Effects.ReadKindsAsync(name, CancellationToken.None)).Count);
    }

    [Theory]
    [InlineData("""{"orderId":"","customer":"Ada","items":[{"sku":"a","quantity":1,"price":1}]}""", "$.orderId")]
    [InlineData("""{"orderId":"o","customer":"Ada","items":[]}""", "$.items")]
    [InlineData("""{"orderId":"o","customer":"Ada","items":[{"sku":"a","quantity":0,"price":1}]}""", "$.items[*].quantity")]
    [InlineData("""{"orderId":"o","customer":"Ada","items":[{"sku":"a","quantity":1,"price":-1}]}""", "$.items[*].price")]
    [InlineData("""{"orderId":"o","customer":"Ada","items":[{"sku":"a","quantity":1,"price":1}],"failAt":"pay"}""", "$.failAt")]
    [InlineData("""{"orderId":"o","customer":"Ada","items":[{"sku":"a","quantity":"1","price":1}]}""", "$.items[0].quantity")]
    public async Task Run_BadInput_IsRefusedAndNothingIsDone(string input, string path)
    {
        var thread = _cluster.Runs.Thread();

        var refused = await Assert.ThrowsAsync<InvalidRunRequestException>(() => thread.StartAsync(
            new StartRunRequest { RunId = Guid.CreateVersion7().ToString(), Graph = "order", Input = input }));

        Assert.Equal(path, refused.Path);
        await Assert.ThrowsAsync<ThreadNotFoundException>(() => thread.GetStateAsync());
    }

    private static Dictionary<string, object?> Input(string orderId, object options)
    {
        var input = new Dictionary<string, object?>
        {
            ["orderId"] = orderId,
            ["customer"] = "Ada",
            ["items"] = new[] { new { sku = "book", quantity = 2, price = 10.5m } },
        };
        foreach (var property in options.GetType().GetProperties())
        {
            input[property.Name] = property.GetValue(options);
        }

        return input;
    }
}

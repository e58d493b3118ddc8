using System.Globalization;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Process.Tests;

/// <summary>Orders on silos at <see cref="SiloPlace.Holding"/>: charged, and standing in a node that is deaf to its token.</summary>
internal static class HeldOrders
{
    /// <summary>Starts an order.</summary>
    internal static async Task<PlacedOrder> StartAsync(IRunsClient runs, int number)
    {
        var order = new PlacedOrder(
            $"order-{number.ToString(CultureInfo.InvariantCulture)}", Guid.CreateVersion7().ToString(), IsDeclined: false);
        var request = new StartRunRequest { RunId = order.RunId, Graph = "order", Input = "{}" };
        await runs.Thread(order.Id).StartAsync(request).WithinAsync($"the start of run {order.RunId}", TimeSpan.FromMinutes(1));
        return order;
    }
}

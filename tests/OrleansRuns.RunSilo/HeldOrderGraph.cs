using Npgsql;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.RunSilo;

/// <summary>Reserves, charges and ships, each once for its idempotency key. Waits behind the charge, which its row announces.</summary>
internal sealed class HeldOrderGraph(NpgsqlDataSource effects, Task go) : IGraph<SampleState>
{
    public void Build(GraphBuilder<SampleState> graph)
    {
        var reserve = graph.AddNode("reserve", DoAsync);
        var charge = graph.AddNode("charge", async (state, node) =>
        {
            var charged = await DoAsync(state, node);
            // Deaf to its token, so that it comes back to whatever is left of its run.
            await go;
            return charged;
        });
        var ship = graph.AddNode("ship", DoAsync);
        graph.AddPath(Node.Start, reserve, charge, ship, Node.End);
    }

    private async Task<SampleState> DoAsync(SampleState state, NodeContext node)
    {
        await using var command = effects.CreateCommand(
            "insert into order_effects (idempotency_key, order_id, kind, created_at) values (@key, @order, @kind, now()::text) "
            + "on conflict (idempotency_key) do nothing");
        command.Parameters.AddWithValue("key", node.IdempotencyKey);
        command.Parameters.AddWithValue("order", node.ThreadId);
        command.Parameters.AddWithValue("kind", node.Node);
        await command.ExecuteNonQueryAsync();
        return state with { Done = state.Done.Append(node.Node) };
    }
}

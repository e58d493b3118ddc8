using OrleansRuns.Graphs;

namespace OrleansRuns.Host;

/// <summary>Carries out an order, or takes back what was done of it.</summary>
internal sealed class OrderGraph(OrderEffects effects) : IGraph<OrderState>
{
    internal const string Description = "Reserves, charges and ships an order, with approval, retries, and compensation on failure.";

    private const string Reserve = "reserve";
    private const string Charge = "charge";
    private const string Ship = "ship";
    private const string Release = "release";
    private const string Refund = "refund";

    private static readonly RetryPolicy Retry = new()
    {
        InitialDelay = TimeSpan.FromMilliseconds(50),
        Jitter = TimeSpan.FromMilliseconds(50),
        MaxAttempts = 4,
        RetryOn = exception => exception is OrderOutageException,
    };

    public void Build(GraphBuilder<OrderState> graph)
    {
        graph.Input<OrderInput>(Take);
        var fail = graph.AddNode<NodeError>("fail", (state, error, _) => state with { Failure = error.Message, Status = "cancelled" });
        var forward = new NodeOptions { Retry = Retry, OnError = fail };
        // What takes back must succeed: it is tried for as long as the run is.
        var backward = new NodeOptions { Retry = Retry with { MaxAttempts = int.MaxValue, MaxDelay = TimeSpan.FromSeconds(5) } };
        var reserve = graph.AddNode(Reserve, (state, node) => StepAsync(state, node, Reserve), forward);
        var charge = graph.AddNode(Charge, (state, node) => StepAsync(state, node, Charge), forward);
        var ship = graph.AddNode(Ship, (state, node) => StepAsync(state, node, Ship), forward);
        var refund = graph.AddNode(Refund, (state, node) => UndoAsync(state, node, Refund), backward);
        var release = graph.AddNode(Release, (state, node) => UndoAsync(state, node, Release), backward);
        var approve = graph.AddCommandNode("approve", [reserve], (state, node) => IsApproved(state, node)
            ? state.GoTo(reserve)
            : state with { Status = "rejected" });

        graph.AddBranch(Node.Start, state => state.Total > state.ApproveAbove ? approve : reserve, approve, reserve);
        graph.AddBranch(reserve, state => state.Failure is null ? charge : Undo(state), charge, Node.End);
        graph.AddBranch(charge, state => state.Failure is null ? ship : Undo(state), ship, release);
        graph.AddBranch(ship, state => state.Failure is null ? Node.End : Undo(state), Node.End, refund);
        graph.AddBranch(fail, Undo, refund, release, Node.End);
        graph.AddPath(refund, release, Node.End);

        Node Undo(OrderState state) => Did(state, Charge) ? refund : Did(state, Reserve) ? release : Node.End;
    }

    private static OrderState Take(OrderState state, OrderInput input)
    {
        Refuse(string.IsNullOrWhiteSpace(input.OrderId), "An order needs an id.", "$.orderId");
        Refuse(input.Items.IsDefaultOrEmpty, "An order needs at least one item.", "$.items");
        Refuse(input.Items.Any(item => item is null), "An item is an object, and not null.", "$.items[*]");
        Refuse(input.Items.Any(item => item.Quantity < 1), "An item's quantity is 1 or more.", "$.items[*].quantity");
        Refuse(input.Items.Any(item => item.Price < 0), "An item's price is 0 or more.", "$.items[*].price");
        Refuse(input.FailAt is not (null or Reserve or Charge or Ship), "Use reserve, charge or ship.", "$.failAt");
        Refuse(state.OrderId.Length > 0, $"The thread has order '{state.OrderId}' already. Use another thread.", "$.orderId");
        return state with
        {
            OrderId = input.OrderId,
            Customer = input.Customer,
            Items = input.Items,
            ApproveAbove = input.ApproveAbove,
            FailAt = input.FailAt,
            Flaky = input.Flaky,
            Total = input.Items.Sum(item => item.Quantity * item.Price),
        };
    }

    private static void Refuse(bool isWrong, string message, string path)
    {
        if (isWrong)
        {
            throw new GraphInputException(message, path);
        }
    }

    private static bool IsApproved(OrderState state, NodeContext node) => node.Interrupt<bool>(new
    {
        question = $"Carry out order '{state.OrderId}' of {state.Customer}?",
        total = state.Total,
    });

    private static bool Did(OrderState state, string kind) => state.Effects.Any(effect => effect.Kind == kind);

    private async Task<OrderState> StepAsync(OrderState state, NodeContext node, string kind)
    {
        if (state.FailAt == kind)
        {
            return state with { Failure = $"'{kind}' was declined.", Status = "cancelled" };
        }

        var done = await DoAsync(state, node, kind);
        return kind == Ship ? done with { Status = "shipped" } : done;
    }

    private Task<OrderState> UndoAsync(OrderState state, NodeContext node, string kind) => DoAsync(state, node, kind);

    private async Task<OrderState> DoAsync(OrderState state, NodeContext node, string kind)
    {
        if (node.Attempt <= state.Flaky)
        {
            throw new OrderOutageException(kind);
        }

        await effects.DoOnceAsync(node.IdempotencyKey, state.OrderId, kind, state.Total, node.CancellationToken);
        return state with { Effects = state.Effects.Append(new OrderEffect(kind, node.IdempotencyKey)) };
    }
}

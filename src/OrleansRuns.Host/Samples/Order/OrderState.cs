using System.Collections.Immutable;
using OrleansRuns.Graphs;

namespace OrleansRuns.Host;

/// <summary>What an order is made of.</summary>
internal sealed record OrderInput
{
    public required string OrderId { get; init; }

    public required string Customer { get; init; }

    public required ImmutableArray<OrderItem> Items { get; init; }

    /// <summary>Gets the total above which somebody is asked; the default is that nobody is.</summary>
    public decimal? ApproveAbove { get; init; }

    /// <summary>Gets the step that fails for a reason of the business: "reserve", "charge" or "ship"; the default is none.</summary>
    public string? FailAt { get; init; }

    /// <summary>Gets how often each step fails for a passing reason before it works; 4 or more is more often than it is tried.</summary>
    public int Flaky { get; init; }
}

/// <summary>Some pieces of one thing.</summary>
/// <param name="Sku">Which thing.</param>
/// <param name="Quantity">How many; 1 or more.</param>
/// <param name="Price">The price of one; 0 or more.</param>
internal sealed record OrderItem(string Sku, int Quantity, decimal Price);

/// <summary>The state of an order.</summary>
internal sealed record OrderState : GraphState
{
    public string OrderId { get; init; } = "";

    public string Customer { get; init; } = "";

    public ImmutableArray<OrderItem> Items { get; init; } = [];

    public decimal? ApproveAbove { get; init; }

    public string? FailAt { get; init; }

    public int Flaky { get; init; }

    public decimal Total { get; init; }

    /// <summary>Gets "open", "shipped", "cancelled" or "rejected".</summary>
    public string Status { get; init; } = "open";

    /// <summary>Gets what was done in the world outside, in order.</summary>
    public AppendList<OrderEffect> Effects { get; init; }

    /// <summary>Gets why the order could not be carried out.</summary>
    public string? Failure { get; init; }
}

/// <summary>Something that was done in the world outside.</summary>
/// <param name="Kind">"reserve", "charge", "ship", "release" or "refund".</param>
/// <param name="Key">The idempotency key under which it is on record.</param>
internal sealed record OrderEffect(string Kind, string Key);

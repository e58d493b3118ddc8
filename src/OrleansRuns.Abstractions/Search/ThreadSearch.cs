namespace OrleansRuns.Abstractions;

/// <summary>Which threads to list. Everything that is set has to fit.</summary>
[GenerateSerializer, Immutable, Alias("OrleansRuns.ThreadSearch")]
public sealed record ThreadSearch
{
    /// <summary>Gets the statuses, one of which the thread has to have; empty for all.</summary>
    [Id(0)]
    public IReadOnlyList<ThreadStatus> Statuses { get; init; } = [];

    /// <summary>Gets the name of the graph.</summary>
    [Id(1)]
    public string? Graph { get; init; }

    /// <summary>
    /// Gets a JSON object whose members the thread's metadata has to have with equal values; it may have others beside them.
    /// </summary>
    [Id(2)]
    public string? Metadata { get; init; }

    /// <summary>Gets the time at which the thread was made at the earliest.</summary>
    [Id(3)]
    public DateTimeOffset? CreatedFrom { get; init; }

    /// <summary>Gets the time before which the thread was made.</summary>
    [Id(4)]
    public DateTimeOffset? CreatedTo { get; init; }

    /// <summary>Gets the order of the list.</summary>
    /// <value>The default is <see cref="SearchOrder.NewestFirst"/>.</value>
    [Id(5)]
    public SearchOrder Order { get; init; }

    /// <summary>Gets how many threads a page has at most.</summary>
    /// <value>1 to 1,000; the default is 50.</value>
    [Id(6)]
    public int Limit { get; init; } = 50;

    /// <summary>
    /// Gets where the page begins: what <see cref="ThreadPage.Next"/> was of the page before it, in an otherwise equal search.
    /// </summary>
    /// <value><see langword="null"/> for the first page.</value>
    [Id(7)]
    public string? Cursor { get; init; }
}

/// <summary>A thread as lists show it.</summary>
[GenerateSerializer, Immutable, Alias("OrleansRuns.ThreadSummary")]
public sealed record ThreadSummary
{
    /// <summary>Gets the thread's id.</summary>
    [Id(0)]
    public required string ThreadId { get; init; }

    /// <summary>Gets the name of the graph the thread was last used with.</summary>
    [Id(1)]
    public required string Graph { get; init; }

    /// <summary>Gets the status.</summary>
    [Id(2)]
    public required ThreadStatus Status { get; init; }

    /// <summary>Gets the metadata as a JSON object.</summary>
    [Id(3)]
    public string Metadata { get; init; } = "{}";

    /// <summary>Gets when the thread was made.</summary>
    [Id(4)]
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Gets when a run or an edit last began or ended on the thread.</summary>
    [Id(5)]
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>A page of a list of threads.</summary>
/// <param name="Threads">The threads.</param>
/// <param name="Next">Where the next page begins; <see langword="null"/> when this is the last.</param>
[GenerateSerializer, Immutable, Alias("OrleansRuns.ThreadPage")]
public sealed record ThreadPage([property: Id(0)] IReadOnlyList<ThreadSummary> Threads, [property: Id(1)] string? Next);

namespace OrleansRuns.Abstractions;

/// <summary>Which runs to list. Everything that is set has to fit; runs that were rolled back are never listed.</summary>
[GenerateSerializer, Immutable, Alias("OrleansRuns.RunSearch")]
public sealed record RunSearch
{
    /// <summary>Gets the statuses, one of which the run has to have; empty for all.</summary>
    [Id(0)]
    public IReadOnlyList<RunStatus> Statuses { get; init; } = [];

    /// <summary>Gets the name of the graph.</summary>
    [Id(1)]
    public string? Graph { get; init; }

    /// <summary>Gets the thread's id.</summary>
    [Id(2)]
    public string? ThreadId { get; init; }

    /// <summary>
    /// Gets a JSON object whose members the run's metadata has to have with equal values; it may have others beside them.
    /// </summary>
    [Id(3)]
    public string? Metadata { get; init; }

    /// <summary>Gets the time at which the run was admitted at the earliest.</summary>
    [Id(4)]
    public DateTimeOffset? CreatedFrom { get; init; }

    /// <summary>Gets the time before which the run was admitted.</summary>
    [Id(5)]
    public DateTimeOffset? CreatedTo { get; init; }

    /// <summary>Gets the order of the list.</summary>
    /// <value>The default is <see cref="SearchOrder.NewestFirst"/>.</value>
    [Id(6)]
    public SearchOrder Order { get; init; }

    /// <summary>Gets how many runs a page has at most.</summary>
    /// <value>1 to 1,000; the default is 50.</value>
    [Id(7)]
    public int Limit { get; init; } = 50;

    /// <summary>
    /// Gets where the page begins: what <see cref="RunPage.Next"/> was of the page before it, in an otherwise equal search.
    /// </summary>
    /// <value><see langword="null"/> for the first page.</value>
    [Id(8)]
    public string? Cursor { get; init; }
}

/// <summary>The order of a list, by the time of creation.</summary>
[GenerateSerializer, Alias("OrleansRuns.SearchOrder")]
public enum SearchOrder
{
    /// <summary>The newest comes first.</summary>
    NewestFirst = 0,

    /// <summary>The oldest comes first.</summary>
    OldestFirst = 1,
}

/// <summary>A page of a list of runs.</summary>
/// <param name="Runs">The runs.</param>
/// <param name="Next">Where the next page begins; <see langword="null"/> when this is the last.</param>
[GenerateSerializer, Immutable, Alias("OrleansRuns.RunPage")]
public sealed record RunPage([property: Id(0)] IReadOnlyList<RunSnapshot> Runs, [property: Id(1)] string? Next);

using System.Collections.Frozen;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Which kinds of events a reader wants.</summary>
internal sealed class RunEventFilter
{
    /// <summary>The kinds of which no log holds all: what it does not hold may be lost for good.</summary>
    private static readonly string[] Transient = [RunEventKinds.Tasks, RunEventKinds.Custom, RunEventKinds.Messages];

    private static readonly string[] Always = [RunEventKinds.Metadata, RunEventKinds.Interrupt, RunEventKinds.Gap, RunEventKinds.End];

    private readonly FrozenSet<string>? _kinds;

    /// <summary>Makes a filter.</summary>
    /// <param name="kinds">The kinds beside those that always come; <see langword="null"/> for all.</param>
    /// <exception cref="ArgumentException">There is no such kind.</exception>
    internal RunEventFilter(IEnumerable<string>? kinds)
    {
        if (kinds is null)
        {
            return;
        }

        _kinds = kinds.Concat(Always).ToFrozenSet(StringComparer.Ordinal);
        if (_kinds.FirstOrDefault(kind => !RunEventKinds.All.Contains(kind)) is { } unknown)
        {
            throw new ArgumentException(
                $"There is no kind of event '{unknown}'. The kinds are {string.Join(", ", RunEventKinds.All)}.", nameof(kinds));
        }
    }

    internal static RunEventFilter All { get; } = new(null);

    /// <summary>Gets whether the reader may miss something when events are lost that no log holds.</summary>
    internal bool WantsTransient => Transient.Any(Wants);

    internal bool Wants(string kind) => _kinds is null || _kinds.Contains(kind);
}

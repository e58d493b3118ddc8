using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>One claimed attempt of a run, and what it was asked to do.</summary>
/// <param name="Row">The run as it was claimed.</param>
/// <param name="Request">The request.</param>
/// <param name="Graph">The graph.</param>
/// <param name="Events">Where to tell what happens.</param>
internal sealed record RunSetup(RunRow Row, StartRunRequest Request, CompiledGraph Graph, IRunEvents Events)
{
    /// <summary>Gets the run's context.</summary>
    internal JsonElement? Context { get; } =
        Request.Context is null ? null : JsonSerializer.Deserialize<JsonElement>(Request.Context);

    /// <summary>Gets what the attempt's claim says of the run.</summary>
    internal ClaimSuspicion? Suspicion { get; init; }

    /// <summary>Gets how many attempts right before this one its silo has given up itself because the database failed.</summary>
    internal int Retries { get; init; }

    /// <summary>Gets what asks the attempt to end.</summary>
    internal RunStop? Stop { get; init; }

    /// <summary>Gets a token that is cancelled when no further superstep is to begin here. Nodes do not hear of it.</summary>
    internal CancellationToken Draining => Stop?.Draining ?? CancellationToken.None;

    /// <summary>Gets where it is noted how fast the run goes.</summary>
    internal RunPace? Pace => Stop?.Pace;

    internal JsonElement? Input { get; } = Request.Input is null ? null : JsonSerializer.Deserialize<JsonElement>(Request.Input);

    internal JsonElement? Answer { get; } = Request.Resume is null ? null : JsonSerializer.Deserialize<JsonElement>(Request.Resume);
}

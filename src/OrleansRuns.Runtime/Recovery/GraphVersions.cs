using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>Decides where a run goes on while silos have different versions of its graph: two releases side by side.</summary>
/// <remarks>
/// Any version goes on with a run that can execute what is planned, so that the runs of a release that goes away spread over what comes.
/// Two things are looked at: a version that lacks something the run needs leaves it to another that may have it; and a run does not go
/// back to an older version while the one that executed it last is there, because that one may have written what an older one ignores.
/// </remarks>
internal sealed partial class GraphVersions(
    GraphRegistry graphs, GraphSilos silos, IThreadLogStore store, ILogger<GraphVersions> logger)
{
    /// <summary>Chooses a silo with another version of a run's graph to go on with it.</summary>
    /// <param name="run">The run; this silo has its graph.</param>
    /// <param name="refused">The versions that could not go on with it.</param>
    /// <returns>The silo, or <see langword="null"/> when the run goes on here.</returns>
    internal async Task<SiloAddress?> ChooseAsync(RunRow run, ImmutableHashSet<string> refused)
    {
        var graph = graphs.Get(run.Graph);
        try
        {
            var others = await OthersAsync(graph, refused);
            var request = RunRequests.FromRow(run.Request);
            if (others.IsEmpty && request.Input is not null && run.Attempt == 0)
            {
                // A new input replaces what is planned. It is not worth a read of the log.
                return null;
            }

            var view = LogView.Of(await store.ReadLineAsync(run.LogId, null, CancellationToken.None));
            var canGoOn = CanGoOn(graph, request, run, view);
            if (others.IsEmpty && !canGoOn)
            {
                // Before the run fails: a silo may have come up that has not been heard of here.
                await silos.RefreshAsync();
                others = await OthersAsync(graph, refused);
            }

            if (others.IsEmpty)
            {
                return null;
            }

            var last = view.ClaimedBy == run.RunId ? view.Claim!.Fingerprint : null;
            var better = canGoOn
                ? others.FirstOrDefault(other => other.IsNewer && other.Fingerprint == last)
                : others[Random.Shared.Next(others.Length)];
            return better?.Silos[Random.Shared.Next(better.Silos.Length)];
        }
        catch (Exception exception) when (!Persistence.IsTransient(exception))
        {
            // The execution meets the same, and has a place to tell it.
            LogNotCompared(logger, exception, run.RunId);
            return null;
        }
    }

    /// <summary>Tells whether a graph can execute what is planned, or take the input that is not applied yet.</summary>
    internal static bool CanGoOn(CompiledGraph graph, StartRunRequest request, RunRow run, LogView view)
    {
        try
        {
            if ((view.ClaimedBy != run.RunId || !view.HasBegun) && request.Input is { } input)
            {
                var root = view.Root is { } known ? graph.Load("", known.Line) : null;
                _ = graph.ApplyInput(root, JsonSerializer.Deserialize<JsonElement>(input));
                return true;
            }

            return view.Namespaces.All(pair => RunStart.FindGraph(graph, pair.Key) is { } part && CanExecute(part, pair.Key, pair.Value));
        }
        catch (GraphException)
        {
            return false;
        }
    }

    private async Task<ImmutableArray<GraphVersion>> OthersAsync(CompiledGraph graph, ImmutableHashSet<string> refused) =>
        (await silos.OthersAsync(graph.Name, graph.Fingerprint)).RemoveAll(other => refused.Contains(other.Fingerprint));

    private static bool CanExecute(CompiledGraph graph, string name, NamespaceView view) =>
        graph.MissingNode(graph.Load(name, view.Line)) is null && view.Writes.Values.All(writes => graph.Misfit(writes) is null);

    [LoggerMessage(3330, LogLevel.Warning, "The versions of run {RunId}'s graph could not be compared. It goes on with this silo's.")]
    private static partial void LogNotCompared(ILogger logger, Exception exception, string runId);
}

/// <summary>A version of a graph that live silos have.</summary>
/// <param name="Fingerprint">The version.</param>
/// <param name="IsNewer">Whether its first silo has started after the first silo of the version it is compared with.</param>
/// <param name="Silos">The silos, at least one.</param>
internal sealed record GraphVersion(string Fingerprint, bool IsNewer, ImmutableArray<SiloAddress> Silos);

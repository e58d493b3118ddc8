using System.Text.Json.Nodes;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Compares what readers were told while a thread's runs went on with what they are told of them afterwards.</summary>
internal sealed class SimulatedReaders(int seed)
{
    private static readonly RunSnapshot Ended = new()
    {
        RunId = "run",
        ThreadId = "thread",
        Graph = "random",
        Status = RunStatus.Success,
        Attempt = 1,
        CreatedAt = default,
        UpdatedAt = default,
    };

    private readonly List<string> _problems = [];
    private readonly List<string> _inOrder = [];
    private readonly List<string> _atOnce = [];
    private readonly Random _random = new(seed);

    internal IReadOnlyList<string> Problems => _problems;

    /// <summary>
    /// Gets the durable events of all runs without what depends on how they came about: ids, attempts, in which run a question was asked,
    /// and in which order things ended that ran at once, the tasks of a superstep and subgraphs.
    /// </summary>
    /// <remarks>A node that asks while its sibling fails may be cancelled before or after it has asked.</remarks>
    internal IReadOnlyList<string> Durable => [.. _inOrder.Distinct(), .. _atOnce.Order(StringComparer.Ordinal)];

    /// <summary>Gets how many gaps were told.</summary>
    internal int Gaps { get; private set; }

    /// <summary>Gets how many events that were told while they happened were told again.</summary>
    internal int ToldAgain { get; private set; }

    /// <summary>Checks a run that has ended.</summary>
    /// <param name="row">The run.</param>
    /// <param name="processes">All processes that ever executed it.</param>
    internal async Task CheckAsync(RunRow row, IReadOnlyList<SimulatedProcess> processes)
    {
        var live = processes.SelectMany(Told).OrderBy(@event => @event.Number).ToList();
        _problems.AddRange(live.GroupBy(@event => @event.Number).Where(same => same.Count() > 1)
            .Select(same => $"{row.RunId}: number {same.Key} was given twice"));
        var again = await ReadAsync(row, processes[^1].EventReader, after: -1);
        var byNumber = again.Where(@event => @event.Kind != RunEventKinds.Gap).ToDictionary(@event => @event.Number);
        foreach (var @event in live.Select(EventStream.Normal))
        {
            var same = byNumber.GetValueOrDefault(@event.Number);
            if (EventStream.IsDurable(@event) ? same != @event : same is not null)
            {
                _problems.Add($"{row.RunId}: {@event} was told, and then {same?.ToString() ?? "not"}");
            }

            ToldAgain += same is null ? 0 : 1;
        }

        var after = again[_random.Next(again.Count)].Number - 1;
        var rest = await ReadAsync(row, processes[^1].EventReader, after);
        EventStream.AssertSame(byNumber.Values.Where(@event => @event.Number > after), rest.Where(EventStream.IsDurable));
        Gaps += again.Count(@event => @event.Kind == RunEventKinds.Gap);
        foreach (var @event in again.Where(one =>
            EventStream.IsDurable(one) && one.Kind is not (RunEventKinds.Metadata or RunEventKinds.Interrupt or RunEventKinds.End)))
        {
            var text = Text(@event);
            if (@event.Kind == RunEventKinds.Tasks)
            {
                // Ends only: how often a task asked depends on the runs.
                _atOnce.AddRange(text.Contains("\"interrupt\"", StringComparison.Ordinal) ? [] : [text]);
            }
            else if (@event.Namespace.Length == 0 || !_atOnce.Contains(text))
            {
                (@event.Namespace.Length == 0 ? _inOrder : _atOnce).Add(text);
            }
        }
    }

    private static IEnumerable<RunEvent> Told(SimulatedProcess process)
    {
        for (var next = 0L; process.Events.Copy(next, RunEventFilter.All).Batch is { Count: > 0 } batch; next = batch[^1].Event.Number + 1)
        {
            foreach (var kept in batch)
            {
                yield return kept.Event;
            }
        }
    }

    private static async Task<List<RunEvent>> ReadAsync(RunRow row, RunEventReader reader, long after)
    {
        var events = await reader.ReadAsync(
                row, RunEventBuffer.Closed(Ended), after, RunEventFilter.All, new TaskCompletionSource().Task, CancellationToken.None)
            .ToListAsync(CancellationToken.None);
        EventStream.AssertNothingIsMissedSilently(events, after);
        return [.. events.Select(EventStream.Normal)];
    }

    private static string Text(RunEvent @event) => $"{@event.Kind} {@event.Step} {WithoutIds(JsonNode.Parse(@event.Data))?.ToJsonString()}";

    private static JsonNode? WithoutIds(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                foreach (var name in new[] { "id", "parentId", "taskId" })
                {
                    members.Remove(name);
                }

                members.ToList().ForEach(member => WithoutIds(member.Value));
                break;
            case JsonArray items:
                items.ToList().ForEach(item => WithoutIds(item));
                break;
        }

        return node;
    }
}

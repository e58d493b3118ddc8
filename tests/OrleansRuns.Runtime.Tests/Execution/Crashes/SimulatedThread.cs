using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Brings one thread to its graph's end, with a new process whenever one dies and a new run whenever one ends before.</summary>
internal sealed class SimulatedThread(CompiledGraph graph, int seed, StoreFault fault)
{
    // A graph of subgraphs of subgraphs that asks and stops often has needed 550.
    private const int MostRuns = 4000;
    private const int MostAttempts = 4;

    private readonly MemoryThreadLogStore _store = new();
    private readonly InstantTime _time = new();
    private readonly ThreadRow _thread = Rows.Thread(graph);

    internal SimulatedWorld World { get; } = new(seed);

    /// <summary>Gets what readers of the thread's runs are told.</summary>
    internal SimulatedReaders Readers { get; } = new(seed);

    internal int Answers { get; private set; }

    internal int Stops { get; private set; }

    internal int Limits { get; private set; }

    internal int Failures { get; private set; }

    internal int Crashes { get; private set; }

    /// <summary>Runs until nothing is left to run.</summary>
    /// <returns>Every state of the thread, oldest first, which does not depend on how it came about.</returns>
    internal async Task<IReadOnlyList<string>> RunToEndAsync()
    {
        string? input = "{}";
        string? answer = null;
        for (var run = 0; run < MostRuns; run++)
        {
            var (reader, outcome) = await EndRunAsync(new StartRunRequest
            {
                RunId = $"run-{run:D3}",
                Graph = graph.Name,
                Input = input,
                Resume = answer,
                RecursionLimit = (seed + run) % 4 == 0 ? 2 : 1000,
                InterruptAfter = (seed + run) % 5 == 1 ? ["*"] : [],
            });
            var point = await reader.FindAsync(_thread, null, CancellationToken.None)
                ?? throw new InvalidOperationException($"Run {run} left no state: {outcome}.");
            Count(outcome, point);
            if (point.Checkpoint.Tasks.IsEmpty)
            {
                var history = await reader.ReadHistoryAsync(_thread, null, 1000, CancellationToken.None);
                return [.. history.Reverse().Select(one => $"{one.Checkpoint.Step} {one.Graph.ToJson(one.Checkpoint).ToJsonString()}")];
            }

            (input, answer) = (null, Answer(point, onlyFirst: (seed + run) % 2 == 0));
        }

        throw new InvalidOperationException($"The graph did not end within {MostRuns} runs.");
    }

    private async Task<(ThreadReader Reader, RunOutcome Outcome)> EndRunAsync(StartRunRequest request)
    {
        var processes = new List<SimulatedProcess>();
        for (var attempt = 1; attempt <= MostAttempts; attempt++)
        {
            var process = new SimulatedProcess(graph, _store, World, fault, _time);
            processes.Add(process);
            var row = Rows.Claimed(_thread, request, attempt);
            try
            {
                if (await process.ExecuteAsync(row) is { } outcome)
                {
                    await Readers.CheckAsync(row, processes);
                    return outcome.IsFenced
                        ? throw new InvalidOperationException($"{request.RunId} was fenced, but had no rival.")
                        : (process.Reader, outcome);
                }

                Crashes++;
            }
            catch (LogUnavailableException)
            {
                // As the run's keeper does: another attempt.
                Crashes++;
            }
        }

        throw new InvalidOperationException($"{request.RunId} did not end within {MostAttempts} attempts.");
    }

    private string? Answer(ThreadPoint point, bool onlyFirst)
    {
        var answers = point.Interrupts.Take(onlyFirst ? 1 : int.MaxValue)
            .ToDictionary(question => question.Id, question => question.Value.GetString()!.Length);
        Answers += answers.Count;
        return answers.Count == 0 ? null : JsonSerializer.Serialize(answers);
    }

    private void Count(RunOutcome outcome, ThreadPoint point)
    {
        Limits += outcome.StopReason == StopReason.RecursionLimit ? 1 : 0;
        Failures += outcome.StopReason == StopReason.NodeError ? 1 : 0;
        Stops += outcome.Status == RunStatus.Success && point.Interrupts.IsEmpty && !point.Checkpoint.Tasks.IsEmpty ? 1 : 0;
    }
}

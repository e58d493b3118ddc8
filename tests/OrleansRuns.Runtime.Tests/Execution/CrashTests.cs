using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;
using OrleansRuns.Graphs.Tests;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Every run ends in the state of the undisturbed one, whichever access to its log the process dies or fails at.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int ShortGraphs = 10;
    private const int LongGraphs = 400;
    private const int MostAccesses = 60;

    [Fact]
    public async Task Execute_FaultAtEveryAccess_EndsLikeTheUndisturbedRun()
    {
        var graphs = Environment.GetEnvironmentVariable("ORLEANSRUNS_LONG") == "1" ? LongGraphs : ShortGraphs;
        var first = Random.Shared.Next(1 << 24);
        output.WriteLine($"seeds {first} to {first + graphs - 1}");
        var hits = Enum.GetValues<LogFault>().ToDictionary(fault => fault, _ => 0);
        var resumed = 0;
        for (var seed = first; seed < first + graphs; seed++)
        {
            var graph = GraphCompiler.Compile("random", new RandomGraph(seed));
            using var calm = new CrashingRun(graph, seed: null);
            var expected = await calm.RunToEndAsync(int.MaxValue, default).WithinAsync($"the undisturbed run of seed {seed}");
            resumed += calm.Resumes;
            var random = new Random(seed);
            for (var at = 1; at <= Math.Min(calm.Accesses, MostAccesses); at++)
            {
                var fault = (LogFault)random.Next(4);
                using var disturbed = new CrashingRun(graph, seed + at);
                var state = await disturbed.RunToEndAsync(at, fault).WithinAsync($"seed {seed} with {fault} at access {at}");
                hits[fault] += disturbed.IsHit ? 1 : 0;

                Assert.True(expected == state, $"Seed {seed}, {fault} at access {at}: expected {expected}, but ended with {state}.");
                Assert.True(disturbed.Problems.Count == 0, $"Seed {seed}, {fault} at access {at}: {string.Join(' ', disturbed.Problems)}");
            }
        }

        output.WriteLine($"hits: {string.Join(", ", hits.Select(pair => $"{pair.Value} {pair.Key}"))}; {resumed} resumes");
        Assert.All(hits, pair => Assert.True(pair.Value > 0, $"Seeds from {first} met no {pair.Key}."));
        Assert.True(resumed > 0, $"Seeds from {first} met no interrupt.");
    }

    /// <summary>A thread's runs from the first input to the last answer, in as many processes as it takes.</summary>
    private sealed class CrashingRun(CompiledGraph graph, int? seed) : IDisposable
    {
        private const int MostAttempts = 500;
        private readonly List<ExecutionBench> _lives = [];
        private readonly MemoryThreadLogStore _log = new();
        private readonly Dictionary<string, string> _keys = new(StringComparer.Ordinal);

        internal int Accesses { get; private set; }

        internal bool IsHit { get; private set; }

        internal int Resumes { get; private set; }

        internal List<string> Problems { get; } = [];

        public void Dispose() => _lives.ForEach(life => life.Dispose());

        internal async Task<string> RunToEndAsync(int at, LogFault fault)
        {
            var request = Request(input: "{}", answer: null);
            var attempt = 0;
            for (var life = 1; life < MostAttempts; life++)
            {
                // The fault counts the accesses of all lives; what is left of it after a death is nothing.
                var store = new FaultyLogStore(_log, IsHit ? int.MaxValue : at - Accesses, fault);
                try
                {
                    var outcome = await ExecuteAsync(store, request, ++attempt);
                    Accesses += store.Accesses;
                    Assert.False(outcome.IsFenced);
                    var point = await ExecutionBench.Reader(graph, _log).FindAsync(ExecutionBench.Thread(graph.Name), null, default);
                    if (point!.Interrupts.IsEmpty)
                    {
                        Assert.Equal((RunStatus.Success, null), (outcome.Status, outcome.Error));
                        return graph.ToJson(point.Checkpoint).ToJsonString();
                    }

                    request = Request(input: null, JsonSerializer.Serialize(point.Interrupts.ToDictionary(
                        question => question.Id, question => question.Value.GetString()!.Length)));
                    attempt = 0;
                    Resumes++;
                }
                catch (SimulatedDeathException)
                {
                    Accesses += store.Accesses;
                }
                catch (LogUnavailableException) when (fault is LogFault.FailsOnce or LogFault.LosesAnswer)
                {
                    // A read that fails ends the attempt; the keeper of the run makes another.
                    Accesses += store.Accesses;
                }
            }

            throw new InvalidOperationException($"The run did not end within {MostAttempts} attempts.");
        }

        /// <summary>Executes an attempt, and checks that it ran nothing whose result was durable before it.</summary>
        private async Task<RunOutcome> ExecuteAsync(FaultyLogStore store, StartRunRequest request, int attempt)
        {
            var durable = await ReadDurableAsync();
            // Each life has nodes of its own: those of a dead process may still be running here, and count for nothing.
            var chaos = new Chaos(seed + _lives.Count);
            var life = new ExecutionBench(chaos, new HurriedTime());
            _lives.Add(life);
            try
            {
                return await life.ExecuteAsync(graph, store, request, attempt);
            }
            finally
            {
                IsHit |= store.IsHit;
                foreach (var visit in chaos.Visits)
                {
                    if (durable.Tasks.Contains(visit.TaskId) || durable.Folded.Contains((visit.Namespace, visit.CheckpointId)))
                    {
                        Problems.Add($"Task '{visit.TaskId}' of '{visit.Namespace}' ran again although its result was durable.");
                    }

                    if (_keys.TryGetValue(visit.TaskId, out var key) && key != visit.IdempotencyKey)
                    {
                        Problems.Add($"Task '{visit.TaskId}' got another idempotency key.");
                    }

                    _keys[visit.TaskId] = visit.IdempotencyKey;
                }
            }
        }

        private async Task<(HashSet<string> Tasks, HashSet<(string, string)> Folded)> ReadDurableAsync()
        {
            var (tasks, folded) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<(string, string)>());
            for (long from = 0; ;)
            {
                var page = await _log.ReadPageAsync(ExecutionBench.LogId, from, 1000, CancellationToken.None);
                foreach (var record in page.SelectMany(stored => stored.Entry.Records))
                {
                    if (record is WritesLogRecord writes)
                    {
                        tasks.UnionWith(writes.Tasks.Where(task => task.Finished).Select(task => task.TaskId));
                    }
                    else if (record is CheckpointLogRecord { Checkpoint.ParentId: { } parent } checkpoint)
                    {
                        folded.Add((checkpoint.Namespace, parent));
                    }
                }

                if (page.Length < 1000)
                {
                    return (tasks, folded);
                }

                from = page[^1].Position + 1;
            }
        }

        private StartRunRequest Request(string? input, string? answer) => new()
        {
            RunId = Guid.CreateVersion7().ToString(),
            Graph = graph.Name,
            Input = input,
            Resume = answer,
            RecursionLimit = 1000,
        };
    }
}

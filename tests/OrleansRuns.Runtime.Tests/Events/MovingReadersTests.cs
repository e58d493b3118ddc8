using System.Text.Json;
using System.Text.RegularExpressions;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Runtime.Tests;

public sealed partial class MovingReadersTests(ITestOutputHelper output)
{
    private const int StepsAMove = 6;

    private static readonly int Moves = LongTests.Loops(few: 6, many: 60);

    [Fact]
    public async Task EventsAsync_RunMovesAndReadersComeAndGo_TellsWhatIsToldOfAnUndisturbedRun()
    {
        var seed = Environment.TickCount & 0xFFFFFF;
        var random = new Random(seed);
        output.WriteLine($"Seed {seed}, {Moves} moves.");
        await using var cluster = await MovingCluster.StartAsync(silos: 2);
        var calm = await (await StartAsync(cluster.Runs, "calm")).ReadAllAsync();
        var run = await StartAsync(cluster.Runs, MovingCluster.HeldThread);
        var readers = Enumerable.Range(0, 3).Select(_ => new MovingReader(run, random.Next())).ToList();
        var reading = readers.ConvertAll(reader => reader.ReadAsync());

        for (var move = 0; move < Moves; move++)
        {
            var step = (move + 1) * StepsAMove;
            cluster.Barrier.Raise(step - 1);
            var reader = readers[move % readers.Count];
            var first = await Task.WhenAny([reader.ReachedAsync(step - 1), .. reading])
                .WithinAsync($"a reader to reach superstep {step - 1}, seed {seed}");
            await first;
            await MoveAsync(cluster, run, move == 0 ? 2 : random.Next(3));
        }

        cluster.Barrier.Raise(int.MaxValue);
        await Task.WhenAll(reading).WithinAsync($"the readers to end, seed {seed}");
        var ended = await run.WaitAsync();
        await cluster.DeactivateAsync(run);
        var replayed = await run.ReadAllAsync();

        output.WriteLine(
            $"{ended.Attempt} attempts, {readers.Sum(reader => reader.Subscriptions)} subscriptions, "
            + $"{readers.Sum(reader => reader.Events.Count)} events, "
            + $"{readers.Sum(reader => reader.Events.Count(e => e.Kind == RunEventKinds.Gap))} gaps.");
        Assert.True(ended.Attempt > 1, $"No move of {Moves} hit the run, seed {seed}.");
        Assert.Equal(Durable(calm), Durable(replayed));
        foreach (var reader in readers)
        {
            EventStream.AssertNothingIsMissedSilently(reader.Events);
            EventStream.AssertSame(replayed.Where(EventStream.IsDurable), reader.Events.Where(EventStream.IsDurable));
        }

        Assert.Contains(readers, reader => reader.Events.Any(e => e.Kind == RunEventKinds.Gap));
        Assert.Contains(readers, reader => reader.Events.Any(e => e.Kind == RunEventKinds.Custom));
    }

    private static Task<RunHandle> StartAsync(IRunsClient client, string thread) => client.Thread(thread).StartAsync(new StartRunRequest
    {
        RunId = Guid.CreateVersion7().ToString(),
        Graph = MovingCluster.Graph,
        Input = JsonSerializer.Serialize(new { until = (Moves + 1) * StepsAMove }),
        RecursionLimit = 100_000,
    });

    private static Task MoveAsync(MovingCluster cluster, RunHandle run, int kind) => kind switch
    {
        0 => cluster.DeactivateAsync(run),
        1 => cluster.ReplaceSiloAsync(run, isKilled: false),
        _ => cluster.ReplaceSiloAsync(run, isKilled: true),
    };

    /// <summary>Gets what must not depend on moves: neither ids nor attempts do, nor which of two tasks ended first.</summary>
    private static IEnumerable<string> Durable(IEnumerable<RunEvent> events) => events
        .Where(e => EventStream.IsDurable(e) && e.Kind is not (RunEventKinds.Metadata or RunEventKinds.End))
        .OrderBy(e => e.Step).ThenBy(e => e.Kind, StringComparer.Ordinal)
        .Select(e => $"{e.Step} {e.Kind} {Ids().Replace(EventStream.Normal(e).Data, "id")}")
        .Order(StringComparer.Ordinal);

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Ids();
}

/// <summary>A reader that goes away again and again and comes back with the last number it saw.</summary>
internal sealed class MovingReader(RunHandle run, int seed)
{
    private readonly Lock _lock = new();
    private readonly Random _random = new(seed);
    private readonly List<(int Step, TaskCompletionSource Reached)> _waiting = [];
    private int _step = -2;

    internal List<RunEvent> Events { get; } = [];

    internal int Subscriptions { get; private set; }

    /// <summary>Waits until the reader was told of a superstep.</summary>
    internal Task ReachedAsync(int step)
    {
        lock (_lock)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((step, reached));
            Tell();
            return reached.Task;
        }
    }

    internal async Task ReadAsync()
    {
        while (Events.LastOrDefault()?.Kind != RunEventKinds.End)
        {
            Subscriptions++;
            var left = _random.Next(1, 60);
            await foreach (var @event in run.EventsAsync(Events.LastOrDefault()?.Number ?? -1))
            {
                Events.Add(@event);
                if (@event.Kind == RunEventKinds.Checkpoints)
                {
                    lock (_lock)
                    {
                        _step = @event.Step;
                        Tell();
                    }
                }

                if (--left == 0)
                {
                    break;
                }
            }
        }
    }

    private void Tell() => _waiting.Where(one => one.Step <= _step).ToList().ForEach(one => one.Reached.TrySetResult());
}

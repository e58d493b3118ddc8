using System.Collections.Immutable;
using System.Text.Json;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>How a node behaves.</summary>
internal enum NodeManner
{
    /// <summary>It takes its time and listens to its token.</summary>
    Ends,

    /// <summary>It ends exactly when the drain begins, or one of its phases does.</summary>
    EndsAtInstant,

    /// <summary>It waits until it is cancelled, and then ends at once.</summary>
    EndsAtCancel,

    /// <summary>It takes its time and does not listen.</summary>
    IgnoresToken,

    /// <summary>It waits until it is cancelled, and then takes time to put its things away.</summary>
    CleansUp,

    /// <summary>It waits until it is cancelled, and its cleanup throws.</summary>
    ThrowsInCleanup,

    /// <summary>It waits until it is cancelled, and returns as if nothing had happened.</summary>
    SwallowsCancel,

    /// <summary>A callback of its token throws.</summary>
    ThrowsInCallback,

    /// <summary>It throws.</summary>
    Fails,
}

/// <summary>What the database does wrong for a run.</summary>
internal enum DatabaseFault
{
    /// <summary>It answers late.</summary>
    Slow,

    /// <summary>It does nothing and says so.</summary>
    Refused,

    /// <summary>It does what it is asked, and the answer is lost.</summary>
    AnswerLost,

    /// <summary>It does what it is asked, and nobody hears of it.</summary>
    AnswerHangs,

    /// <summary>It does not hear what it is asked.</summary>
    Hangs,

    /// <summary>It does what it is asked long after.</summary>
    AppliedLate,
}

/// <summary>When the database fails a run, and how often.</summary>
internal sealed record DatabaseTrouble(ImmutableArray<DatabaseFault> Kinds, double Chance, TimeSpan From, TimeSpan Until);

/// <summary>One run, which behaves as a seed says.</summary>
internal sealed class SimulatedRun
{
    /// <summary>How often each manner is drawn.</summary>
    private static readonly (NodeManner Manner, int Weight)[] Weights =
    [
        (NodeManner.Ends, 50), (NodeManner.EndsAtInstant, 14), (NodeManner.EndsAtCancel, 8), (NodeManner.IgnoresToken, 8),
        (NodeManner.CleansUp, 5), (NodeManner.ThrowsInCleanup, 5), (NodeManner.SwallowsCancel, 5), (NodeManner.ThrowsInCallback, 3),
        (NodeManner.Fails, 2),
    ];

    private readonly ImmutableArray<(NodeManner Manner, TimeSpan Takes, TimeSpan Instant)> _turns;
    private readonly int _turnsBefore;

    internal SimulatedRun(int number, int seed, DrainSchedule schedule)
    {
        // Its own, so that what one run meets does not depend on how often the others ask.
        Random = new Random(unchecked((seed * 31) + number));
        Id = $"run-{number}";
        ThreadId = $"thread-{number}";
        HasStateBefore = Random.Next(4) == 0;
        _turnsBefore = HasStateBefore ? 1 : 0;
        Graph = Random.Next(4) == 0 ? SimulatedGraph.Sides : SimulatedGraph.Alone;
        TimeSpan[] instants = [TimeSpan.Zero, schedule.CancelAt, schedule.WriteAt, schedule.ReportAt];
        _turns =
        [
            .. Enumerable.Range(0, 1 + Random.Next(3)).Select(
                _ => (Manner(), Milliseconds(1500) * (Random.Next(8) == 0 ? 8 : 1), SimulatedDrain.Begin + instants[Random.Next(4)])),
        ];
        BeginsAt = SimulatedDrain.RunsBegin + Milliseconds((int)(SimulatedDrain.Begin - SimulatedDrain.RunsBegin).TotalMilliseconds);
        Policy = Random.Next(4) == 0 ? RecoveryPolicy.Stop : RecoveryPolicy.Resume;
        Timeout = Random.Next(12) == 0 ? Milliseconds(6000) + SimulatedDrain.Grain : null;
        if (Random.Next(5) == 0)
        {
            CancelsAt = SimulatedDrain.Begin - TimeSpan.FromSeconds(1) + Milliseconds(6000);
            CancelsAs = Random.Next(2) == 0 ? CancelAction.Interrupt : CancelAction.Rollback;
            IsToldOfCancel = Random.Next(4) > 0;
        }

        if (Random.Next(2) == 0)
        {
            var from = SimulatedDrain.Begin + Milliseconds(5000) - TimeSpan.FromSeconds(1);
            var kinds = Enum.GetValues<DatabaseFault>();
            Trouble = new DatabaseTrouble(
                [.. Enumerable.Range(0, 1 + Random.Next(3)).Select(_ => kinds[Random.Next(kinds.Length)])],
                Random.Next(3) switch { 0 => 0.15, 1 => 0.5, _ => 1 },
                from,
                from + Milliseconds(Random.Next(2) == 0 ? 800 : 8000));
        }
    }

    internal string Id { get; }

    internal string ThreadId { get; }

    internal string Graph { get; }

    internal Random Random { get; }

    internal TimeSpan BeginsAt { get; }

    internal RecoveryPolicy Policy { get; }

    internal TimeSpan? Timeout { get; }

    internal TimeSpan? CancelsAt { get; }

    internal CancelAction CancelsAs { get; }

    /// <summary>Gets whether the cancel reaches the silo that executes the run, and not only the database.</summary>
    internal bool IsToldOfCancel { get; }

    /// <summary>Gets whether its thread has a state from a run before.</summary>
    internal bool HasStateBefore { get; }

    internal DatabaseTrouble? Trouble { get; }

    /// <summary>Gets how many turns its thread has made when the run has ended by itself.</summary>
    internal int Until => _turnsBefore + _turns.Length;

    internal bool MayFail => _turns.Any(turn => turn.Manner == NodeManner.Fails);

    /// <summary>Gets or sets when a node of it was cancelled first.</summary>
    internal TimeSpan? CancelledAt { get; set; }

    internal StartRunRequest Request => new()
    {
        RunId = Id,
        Graph = Graph,
        Input = JsonSerializer.Serialize(new { until = Until }),
        RecoveryPolicy = Policy,
        Timeout = Timeout,
    };

    internal StartRunRequest RequestBefore => new()
    {
        RunId = $"{Id}-before",
        Graph = Graph,
        Input = JsonSerializer.Serialize(new { until = _turnsBefore }),
    };

    internal TimeSpan Milliseconds(int below) => SimulatedDrain.Milliseconds(Random, below);

    internal NodeManner MannerOf(int turn) => _turns[turn - 1 - _turnsBefore].Manner;

    /// <summary>Behaves as a node of a turn does.</summary>
    internal async Task BehaveAsync(int turn, VirtualTime time, CancellationToken cancellationToken)
    {
        var (manner, takes, instant) = _turns[turn - 1 - _turnsBefore];
        var left = instant > time.Now ? instant - time.Now : TimeSpan.Zero;
        try
        {
            switch (manner)
            {
                case NodeManner.EndsAtInstant:
                    await time.DelayAsync(left, cancellationToken);
                    break;
                case NodeManner.EndsAtCancel or NodeManner.CleansUp or NodeManner.ThrowsInCleanup or NodeManner.SwallowsCancel:
                    await time.DelayAsync(System.Threading.Timeout.InfiniteTimeSpan, cancellationToken);
                    break;
                case NodeManner.IgnoresToken:
                    await time.DelayAsync(takes, CancellationToken.None);
                    break;
                case NodeManner.ThrowsInCallback:
                    cancellationToken.Register(() => throw new InvalidOperationException("A callback of a node."));
                    await time.DelayAsync(takes, cancellationToken);
                    break;
                default:
                    await time.DelayAsync(takes, cancellationToken);
                    break;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            CancelledAt ??= time.Now;
            await CleanUpAsync(manner, takes, time);
            if (manner != NodeManner.SwallowsCancel)
            {
                throw;
            }
        }

        if (manner == NodeManner.Fails)
        {
            throw new InvalidOperationException("The node fails.");
        }
    }

    private static Task CleanUpAsync(NodeManner manner, TimeSpan takes, VirtualTime time) => manner switch
    {
        NodeManner.CleansUp => time.DelayAsync(takes, CancellationToken.None),
        NodeManner.ThrowsInCleanup => throw new InvalidOperationException("The cleanup failed."),
        _ => Task.CompletedTask,
    };

    private NodeManner Manner()
    {
        var drawn = Random.Next(Weights.Sum(one => one.Weight));
        return Weights.First(one => (drawn -= one.Weight) < 0).Manner;
    }
}

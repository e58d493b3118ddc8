using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>One drain of scripted runs in virtual time, on one thread.</summary>
internal sealed class SimulatedDrain : SynchronizationContext
{
    internal static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    private readonly BlockingCollection<(SendOrPostCallback Code, object? State)> _queue = [];
    private readonly FakeTimeProvider _time = new();
    private readonly Random _random;

    internal SimulatedDrain(int seed)
    {
        _random = new Random(seed);
        Options = new DrainOptions
        {
            Timeout = Seconds(2, 6),
            PersistReserve = _random.NextDouble() * 0.8,
            SuperstepGrace = Seconds(0, 4),
        };
        Schedule = DrainSchedule.Of(Options, Seconds(0, 2));
        HurriedAt = _random.Next(4) == 0 ? Seconds(0, 6) : null;
        Runs = [.. Enumerable.Range(0, _random.Next(1, 8)).Select(at => new SimulatedRun(this, $"run-{at}"))];
    }

    internal DrainOptions Options { get; }

    internal DrainSchedule Schedule { get; }

    internal TimeSpan? HurriedAt { get; }

    internal ImmutableArray<SimulatedRun> Runs { get; }

    internal DrainClock Clock { get; private set; } = null!;

    internal TimeProvider Time => _time;

    public override void Post(SendOrPostCallback d, object? state) => _queue.Add((d, state));

    internal ImmutableArray<DrainedRun> Execute()
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            using var clock = Clock = new DrainClock(Schedule, _time);
            using var services = new ServiceCollection().AddMetrics().AddSingleton<RunInstruments>().BuildServiceProvider();
            var coordinator = new DrainCoordinator(
                services.GetRequiredService<RunInstruments>(), _time, NullLogger<DrainCoordinator>.Instance);
            var draining = coordinator.DrainAsync(Runs, clock);
            Pump();
            while (!draining.IsCompleted && clock.Elapsed < Options.Timeout)
            {
                if (HurriedAt <= clock.Elapsed)
                {
                    clock.Hurry();
                    clock.Hurry();
                    Pump();
                }

                _time.Advance(Step);
                Pump();
            }

            // Only a cancelled write may still be on its way, on the pool.
            while (!draining.IsCompleted)
            {
                Assert.True(_queue.TryTake(out var work, TimeSpan.FromSeconds(10)), "The drain is not over when its time is.");
                work.Code(work.State);
            }

            return draining.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    internal TimeSpan Seconds(double from, double to) => TimeSpan.FromSeconds(from + ((to - from) * _random.NextDouble()));

    internal bool Chance(double chance) => _random.NextDouble() < chance;

    internal int Next(int below) => _random.Next(below);

    private void Pump()
    {
        while (_queue.TryTake(out var work))
        {
            work.Code(work.State);
        }
    }
}

/// <summary>A run that behaves as a seed says.</summary>
internal sealed class SimulatedRun : IDrainedRun
{
    private readonly TaskCompletionSource _completion = new();
    private readonly SimulatedDrain _drain;
    private readonly TimeSpan? _endsAfterDrain;
    private readonly TimeSpan? _endsAfterCancel;
    private readonly RunStatus _endsAs;
    private readonly bool _losesItsStatus;
    private readonly bool _throwsOnCancel;
    private readonly bool _hangsOnWrite;
    private readonly TimeSpan _writeTime;
    private int _failures;

    internal SimulatedRun(SimulatedDrain drain, string runId)
    {
        _drain = drain;
        _endsAfterDrain = drain.Chance(0.4) ? drain.Seconds(0, 6) : null;
        _endsAfterCancel = drain.Chance(0.6) ? drain.Seconds(0, 3) : null;
        _endsAs = drain.Chance(0.5) ? RunStatus.Success : RunStatus.Interrupted;
        _losesItsStatus = drain.Chance(0.2);
        _throwsOnCancel = drain.Chance(0.2);
        _hangsOnWrite = drain.Chance(0.15);
        _failures = drain.Chance(0.3) ? drain.Next(100) : 0;
        _writeTime = drain.Chance(0.5) ? drain.Seconds(0, 1) : TimeSpan.Zero;
        Row = Rows.Running(runId);
    }

    public RunRow Row { get; private set; }

    public RunPace Pace { get; } = new();

    public Task Completion => _completion.Task;

    public bool IsSettled => Row.Status != RunStatus.Running;

    public bool IsFenced => false;

    public bool IsWrittenForIt => IsWritten;

    public bool HasLeftNodes => false;

    public string? CheckpointId => null;

    internal TimeSpan? DrainedAt { get; private set; }

    internal TimeSpan? CancelledAt { get; private set; }

    internal TimeSpan? EndedAt { get; private set; }

    internal TimeSpan? WrittenFrom { get; private set; }

    internal bool IsWritten { get; private set; }

    internal int Writes { get; private set; }

    internal bool IsGivenUp { get; private set; }

    public void Drain()
    {
        Assert.Null(DrainedAt);
        DrainedAt = _drain.Clock.Elapsed;
        _ = EndAsync(_endsAfterDrain);
    }

    public async Task CancelForDrainAsync()
    {
        Assert.Null(CancelledAt);
        CancelledAt = _drain.Clock.Elapsed;
        if (_throwsOnCancel)
        {
            _ = EndAsync(_endsAfterCancel);
            throw new InvalidOperationException("A callback of a node.");
        }

        await EndAsync(_endsAfterCancel);
    }

    public async Task WriteEndAsync(CancellationToken cancellationToken)
    {
        WrittenFrom ??= _drain.Clock.Elapsed;
        Writes++;
        if (_hangsOnWrite)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _drain.Time, cancellationToken);
        }

        await Task.Delay(_writeTime, _drain.Time, cancellationToken);
        if (_failures-- > 0)
        {
            throw new TimeoutException("The database did not answer.");
        }

        if (IsSettled)
        {
            return;
        }

        Assert.False(IsGivenUp, "A run was written after it was told of as lost.");
        Row = Row with { Status = RunStatus.Interrupted, StopReason = StopReason.Drained, Resumable = true };
        IsWritten = true;
    }

    public void GiveUp()
    {
        Assert.False(IsGivenUp);
        IsGivenUp = true;
    }

    private async Task EndAsync(TimeSpan? after)
    {
        if (after is not { } delay)
        {
            return;
        }

        await Task.Delay(delay, _drain.Time);
        if (EndedAt is not null || IsWritten || IsGivenUp)
        {
            return;
        }

        EndedAt = _drain.Clock.Elapsed;
        if (!_losesItsStatus)
        {
            Row = Row with
            {
                Status = _endsAs,
                StopReason = _endsAs == RunStatus.Interrupted ? StopReason.Drained : null,
                Resumable = _endsAs == RunStatus.Interrupted,
            };
        }

        _completion.TrySetResult();
    }
}

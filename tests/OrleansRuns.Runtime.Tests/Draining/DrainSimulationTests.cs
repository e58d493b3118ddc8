using System.Globalization;
using OrleansRuns.Abstractions;
using Xunit.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Drains of runs that behave in every way, in virtual time: what the contract says holds for each of them.</summary>
public sealed class DrainSimulationTests(ITestOutputHelper output)
{
    private const int Seeds = 10_000;

    [Fact]
    public void DrainAsync_RunsThatBehaveInEveryWay_KeepsTheContract()
    {
        var first = Random.Shared.Next();
        output.WriteLine($"Seeds {first} to {first + Seeds - 1}; ORLEANSRUNS_SEED sets the first.");
        first = Environment.GetEnvironmentVariable("ORLEANSRUNS_SEED") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : first;
        var outcomes = new Dictionary<DrainOutcome, int>();
        var (hurried, unsettled, retried) = (0, 0, 0);
        for (var seed = first; seed != first + Seeds; seed++)
        {
            var drain = new SimulatedDrain(seed);
            try
            {
                var drained = drain.Execute();

                Check(drain, drained);
                hurried += drain.HurriedAt is null ? 0 : 1;
                unsettled += drain.Runs.Count(run => run.WrittenFrom < drain.Schedule.WriteAt);
                retried += drain.Runs.Count(run => run.Writes > 1);
                foreach (var one in drained)
                {
                    outcomes[one.Outcome] = outcomes.GetValueOrDefault(one.Outcome) + 1;
                }
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"Seed {seed} breaks the contract: {exception.Message}", exception);
            }
        }

        output.WriteLine($"{string.Join(", ", outcomes)}; hurried {hurried}, unsettled {unsettled}, retried {retried}.");
        Assert.All(Enum.GetValues<DrainOutcome>(), outcome => Assert.True(outcomes.GetValueOrDefault(outcome) > 0, $"No {outcome}."));
        Assert.True(hurried > 0 && unsettled > 0 && retried > 0);
    }

    private static void Check(SimulatedDrain drain, IReadOnlyList<DrainedRun> drained)
    {
        Assert.Equal(drain.Runs.Select(run => run.Row.RunId), drained.Select(run => run.RunId));
        Assert.True(drain.Clock.Elapsed <= drain.Options.Timeout + SimulatedDrain.Step, $"It took {drain.Clock.Elapsed}.");
        foreach (var (run, told) in drain.Runs.Zip(drained))
        {
            // Asked at once, cancelled all together and not before their time.
            Assert.Equal(TimeSpan.Zero, run.DrainedAt);
            Assert.True(run.EndedAt is not null || run.CancelledAt is not null);
            Assert.True(run.CancelledAt is not { } at || drain.HurriedAt is not null || at >= drain.Schedule.CancelAt
                || run.CancelledAt >= run.EndedAt);

            // What has ended by itself is told as it ended, whoever tried to write it meanwhile.
            if (run.EndedAt is not null && run.IsSettled && !run.IsWritten)
            {
                Assert.Equal(run.Row.Status == RunStatus.Success ? DrainOutcome.Completed : DrainOutcome.Interrupted, told.Outcome);
            }

            Assert.Equal(run.Row.Status, told.Status);
            Assert.Equal(run.IsWritten, told.Signal == DrainSignal.LeftBehind);
            Assert.True(told.Signal != DrainSignal.Request || run.CancelledAt is null, "It was cancelled, and that is not told.");
            Assert.Equal(run.IsWritten, told.Outcome == DrainOutcome.TimedOut);
            Assert.Equal(!run.IsSettled, told.Outcome == DrainOutcome.NotPersisted);
            Assert.Equal(run.IsGivenUp, told.Outcome == DrainOutcome.NotPersisted);
            Assert.Equal(told.Error is not null, told.Outcome == DrainOutcome.NotPersisted);
        }
    }
}

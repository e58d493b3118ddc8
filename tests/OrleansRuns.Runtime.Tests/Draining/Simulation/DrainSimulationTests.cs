using System.Globalization;
using OrleansRuns.Abstractions;
using Xunit.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Drains of real runs that meet everything, in virtual time: what the contract says holds for each of them.</summary>
[Collection(nameof(Simulated))]
public sealed class DrainSimulationTests(ITestOutputHelper output)
{
    private const int Seeds = 10_000;

    private readonly SortedDictionary<string, int> _met = new(StringComparer.Ordinal);

    [Fact]
    public async Task DrainAsync_RunsThatMeetEverything_KeepsTheContract()
    {
        var first = Environment.GetEnvironmentVariable("ORLEANSRUNS_SEED") is { } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : Random.Shared.Next(int.MaxValue - Seeds);
        output.WriteLine($"Seeds {first} to {first + Seeds - 1}; ORLEANSRUNS_SEED sets the first.");
        Expect();

        // A thread of its own: those of the pool are watched.
        await Task.Factory.StartNew(
            () => Simulate(first), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        output.WriteLine($"{string.Join(", ", _met.Select(pair => $"{pair.Value} {pair.Key}"))}.");
        Assert.All(_met, pair => Assert.True(pair.Value > 0, $"Seeds from {first} met no {pair.Key}."));
    }

    private void Simulate(int first)
    {
        for (var seed = first; seed < first + Seeds; seed++)
        {

            var drain = new SimulatedDrain(seed);
            try
            {
                drain.Execute();
                DrainJudge.Check(drain);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"Seed {seed} breaks the contract: {exception.Message}", exception);
            }

            Count(drain);
        }
    }

    /// <summary>Makes known what has to be met.</summary>
    private void Expect()
    {
        Enum.GetValues<DrainOutcome>().ToList().ForEach(one => _met[Name(one)] = 0);
        Enum.GetValues<DrainSignal>().ToList().ForEach(one => _met[Name(one)] = 0);
        Enum.GetValues<NodeManner>().ToList().ForEach(one => _met[Name(one)] = 0);
        Enum.GetValues<DatabaseFault>().ToList().ForEach(one => _met[Name(one)] = 0);
        Situations(new SimulatedDrain(0), null).ToList().ForEach(one => _met[one.Name] = 0);
    }

    private void Count(SimulatedDrain drain)
    {
        var end = SimulatedDrain.Begin + drain.Elapsed;
        foreach (var told in drain.Told)
        {
            _met[Name(told.Outcome)]++;
            _met[Name(told.Signal)]++;
        }

        drain.Manners.ForEach(manner => _met[Name(manner)]++);
        foreach (var fault in drain.Connection.Faults.Where(fault => fault.At >= SimulatedDrain.Begin && fault.At <= end))
        {
            _met[Name(fault.Fault)]++;
        }

        foreach (var run in drain.Admitted)
        {
            foreach (var (name, isMet) in Situations(drain, run))
            {
                _met[name] += isMet ? 1 : 0;
            }
        }
    }

    private static string Name<T>(T one)
        where T : struct, Enum => $"{typeof(T).Name}.{one}";

    private static IEnumerable<(string Name, bool IsMet)> Situations(SimulatedDrain drain, SimulatedRun? run)
    {
        var end = SimulatedDrain.Begin + drain.Elapsed;
        var told = run is null ? null : drain.Told.SingleOrDefault(one => one.RunId == run.Id);
        var row = run is null ? null : drain.AtEnd[run.Id].Rows[^1];
        var isCancelled = run?.CancelsAt is { } at && at >= SimulatedDrain.Begin && at <= end && row!.CancelAction is not null;
        var stalls = drain.Database.StallsFrom <= end && drain.Database.StallsUntil > SimulatedDrain.Begin;
        return
        [
            ("drained run", true),
            ("run in a hurried drain", drain.HurriedAt <= drain.Elapsed),
            ("run in a stall of the database", stalls),
            ("run that was cancelled before the drain", run?.CancelsAt < SimulatedDrain.Begin && row!.CancelAction is not null),
            ("run that was cancelled in the drain", isCancelled && run!.CancelsAs == CancelAction.Interrupt),
            ("run that was to be rolled back in the drain", isCancelled && run!.CancelsAs == CancelAction.Rollback),
            ("run that was cancelled from elsewhere in the drain", isCancelled && !run!.IsToldOfCancel),
            ("success", told is { Status: RunStatus.Success, Outcome: DrainOutcome.Completed }),
            ("error", told is { Status: RunStatus.Error, Outcome: DrainOutcome.Completed }),
            ("timeout", told is { Status: RunStatus.Timeout, Outcome: DrainOutcome.Completed }),
            ("cancelled run that was written for", told is { StopReason: StopReason.Cancelled, Outcome: DrainOutcome.TimedOut }),
            ("rolled back run", told is not null && row!.RolledBack),
            ("resumable run", told is { Resumable: true }),
            ("run that was stopped for good", told is { StopReason: StopReason.Drained, Resumable: false }),
            ("pending run", told is { Status: RunStatus.Pending }),
            ("run that another silo went on with before the drain had ended", row is not null && SimulatedDrain.IsTakenOver(row)),
            ("run that was not told of because it was another silo's", run is not null && told is null),
            ("run of which the drain could not know that it was written", told is not null && DrainJudge.IsUnconfirmed(drain, told)),
            ("run whose silo could still append after the drain, and was refused", drain.Connection.Refusals > 0),
        ];
    }
}

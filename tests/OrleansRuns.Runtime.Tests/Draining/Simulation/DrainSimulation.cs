using System.Globalization;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Ten thousand drains, in a process that does nothing else.</summary>
/// <remarks>
/// The pump watches the thread pool, and in the process of the tests others use it.
/// </remarks>
internal sealed class DrainSimulation
{
    /// <summary>The first argument of the second process for it; the second one is the first seed.</summary>
    internal const string Command = "simulate";

    /// <summary>What begins a line that tells how often something was met.</summary>
    internal const string Met = "met ";

    internal const int Seeds = 10_000;
    private const int Progress = 500;

    private readonly SortedDictionary<string, int> _met = new(StringComparer.Ordinal);

    /// <summary>Drains on the calling thread, which must not be one of the pool, and tells what was met.</summary>
    /// <returns>The exit code.</returns>
    internal static int Run(string first)
    {
        try
        {
            var simulation = new DrainSimulation();
            simulation.Expect();
            simulation.Simulate(int.Parse(first, CultureInfo.InvariantCulture));
            simulation._met.ToList().ForEach(pair => Console.WriteLine($"{Met}{pair.Value} {pair.Key}"));
            return 0;
        }
        catch (InvalidOperationException exception)
        {
            Console.Error.WriteLine(exception);
            return 1;
        }
    }

    private void Simulate(int first)
    {
        for (var seed = first; seed < first + Seeds; seed++)
        {
            if (seed > first && (seed - first) % Progress == 0)
            {
                // Whoever waits for the end sees that it comes nearer.
                Console.WriteLine($"{seed - first} drains");
            }

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

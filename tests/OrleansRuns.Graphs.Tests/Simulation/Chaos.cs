using OrleansRuns.TestKit;

namespace OrleansRuns.Graphs.Tests;

/// <summary>What a simulated process dies of.</summary>
public sealed class SimulatedCrashException : Exception;

/// <summary>A transient failure of a simulated node.</summary>
public sealed class SimulatedFailureException : Exception;

/// <summary>Seeded disturbances, each counted, so that a test can tell whether it met any.</summary>
internal sealed class Chaos(int? seed) : IServiceProvider, INodeDisturbance
{
    private readonly Random? _random = seed is null ? null : new(seed.Value);

    internal int Crashes { get; private set; }

    internal int Failures { get; private set; }

    internal int Drains { get; private set; }

    internal int Stops { get; private set; }

    internal int Limits { get; private set; }

    internal int Answers { get; set; }

    public object? GetService(Type serviceType) => serviceType == typeof(INodeDisturbance) ? this : null;

    internal T[] Shuffle<T>(IEnumerable<T> items)
    {
        T[] all = [.. items];
        _random?.Shuffle(all);
        return all;
    }

    internal bool Chance(int oneOf) => _random?.Next(oneOf) == 0;

    internal void CrashNow()
    {
        if (Chance(12))
        {
            Crashes++;
            throw new SimulatedCrashException();
        }
    }

    public void Enter(NodeContext node)
    {
    }

    public void Fail(NodeContext node)
    {
        if (node.Attempt < RetryPolicy.Default.MaxAttempts && Chance(6))
        {
            Failures++;
            throw new SimulatedFailureException();
        }
    }

    internal SuperstepLimits Limit(int step, string? passed)
    {
        return new()
        {
            StopStep = step + 1 + (Chance(3) ? 2 : 1000),
            InterruptBefore = Chance(8) ? ["*"] : [],
            InterruptAfter = Chance(8) ? ["*"] : [],
            PassedCheckpointId = passed,
        };
    }

    internal void Count(SuperstepDecision decision)
    {
        Drains += decision == SuperstepDecision.Drained ? 1 : 0;
        Stops += decision == SuperstepDecision.StaticInterrupt ? 1 : 0;
        Limits += decision == SuperstepDecision.RecursionLimit ? 1 : 0;
    }
}

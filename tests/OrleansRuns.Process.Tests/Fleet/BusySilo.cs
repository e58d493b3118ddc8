using OrleansRuns.TestKit;

namespace OrleansRuns.Process.Tests;

/// <summary>A silo that is caught in the middle of its work, so that what a fault hits is not left to luck.</summary>
internal static class BusySilo
{
    /// <summary>Makes a silo stand still at a moment at which it owns runs; at any other it goes on at once.</summary>
    /// <param name="silo">The silo. It stands still until it is resumed or killed.</param>
    /// <param name="checker">What reads whose runs there are.</param>
    /// <param name="bound">How long to wait for such a moment at most.</param>
    /// <param name="wanted">Tells whether a run is one of those that the fault has to hit; every one by default.</param>
    /// <param name="atLeast">How many of those there have to be.</param>
    /// <returns>All runs it owns and has not ended.</returns>
    internal static async Task<IReadOnlyList<string>> PauseAsync(
        SiloProcess silo, RunsChecker checker, TimeSpan bound, Func<string, bool>? wanted = null, int atLeast = 1)
    {
        IReadOnlyList<string> runs = [];
        await Eventually.TrueAsync(
            async () =>
            {
                silo.Pause();
                runs = await checker.FindUnfinishedAsync(silo.Address);
                if (runs.Count(run => wanted?.Invoke(run) ?? true) >= atLeast)
                {
                    return true;
                }

                silo.Resume();
                return false;
            },
            $"silo {silo.Address} to execute runs that a fault may hit",
            bound);
        return runs;
    }
}

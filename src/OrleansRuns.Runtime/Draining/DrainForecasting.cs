using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Foretells what a drain would take. Pure.</summary>
/// <remarks>
/// A run that is drained finishes the superstep under way, and then writes how it stands. So the forecast is
/// <c>min(Timeout, max over runs of min(left, CancelAt) + 2 · append · ⌈runs / 16⌉)</c>, where
/// <list type="bullet">
/// <item><c>left</c> is the usual time of the run's supersteps less what the one under way has taken; a superstep that takes longer than
/// usual, or a first one, is taken to be half over, so that it needs as long again;</item>
/// <item><c>CancelAt</c> is when a drain cancels nodes, which are taken to listen: the forecast is too short for those that do not;</item>
/// <item><c>2 · append</c> are the last two writes of a run, each taking as long as appends to the log have taken lately, and 16 of them
/// go at once.</item>
/// </list>
/// It is zero without runs, and never more than <c>Timeout</c>, where the drain ends whatever its runs do.
/// </remarks>
internal static class DrainForecasting
{
    internal const int LastWrites = 2;
    internal const int WritesAtOnce = 16;

    /// <summary>Foretells.</summary>
    /// <param name="runs">How each run goes.</param>
    /// <param name="append">What an append takes lately; zero when there was none.</param>
    /// <param name="schedule">When the phases of a drain begin.</param>
    internal static DrainForecast Of(IReadOnlyCollection<PaceNow> runs, TimeSpan append, DrainSchedule schedule)
    {
        if (runs.Count == 0)
        {
            return default;
        }

        var wait = runs.Max(Left);
        var rounds = (runs.Count + WritesAtOnce - 1) / WritesAtOnce;
        var all = Sooner(wait, schedule.CancelAt) + (append * LastWrites * rounds);
        return new DrainForecast(runs.Count, Sooner(all, schedule.EndAt));
    }

    private static TimeSpan Left(PaceNow run) =>
        run.Usual is { } usual && usual > run.Elapsed ? (run.Elapsed > TimeSpan.Zero ? usual - run.Elapsed : TimeSpan.Zero) : run.Elapsed;

    private static TimeSpan Sooner(TimeSpan one, TimeSpan other) => one < other ? one : other;
}

using Microsoft.Extensions.Options;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Foretells what a stop of this silo would have to do now.</summary>
internal sealed class SiloForecast(
    LiveRuns live, RunInstruments instruments, IOptions<DrainOptions> options, IOptions<RunsOptions> runs, TimeProvider time)
    : ILifecycleParticipant<ISiloLifecycle>
{
    public void Participate(ISiloLifecycle lifecycle) => instruments.ObserveForecast(Now);

    /// <summary>Gets the forecast of this moment.</summary>
    internal DrainForecast Now() => DrainForecasting.Of(
        [.. live.Runs.Select(run => run.Pace.Now(time))],
        instruments.UsualAppend,
        DrainSchedule.Of(options.Value, runs.Value.NodeCancellationGrace));
}

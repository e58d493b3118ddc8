namespace OrleansRuns.Runtime;

/// <summary>What a drain is at.</summary>
internal enum DrainPhase
{
    /// <summary>Runs finish the superstep they are in.</summary>
    Finishing,

    /// <summary>Their nodes are cancelled, and left behind when they do not listen.</summary>
    Cancelling,

    /// <summary>What has not ended by itself is written for it.</summary>
    Writing,

    /// <summary>Nothing more is tried: what is left of the time is for the report.</summary>
    Reporting,
}

/// <summary>When the phases of a drain begin, counted from its beginning. A value.</summary>
/// <param name="CancelAt">When nodes are cancelled.</param>
/// <param name="WriteAt">When the wait is over, and what is kept for the last writes begins.</param>
/// <param name="ReportAt">When a write that has not come counts as failed.</param>
/// <param name="EndAt">When the drain is over, whatever has become of it.</param>
internal sealed record DrainSchedule(TimeSpan CancelAt, TimeSpan WriteAt, TimeSpan ReportAt, TimeSpan EndAt)
{
    private const int ReportParts = 5;
    private const int HurriedParts = 4;

    private TimeSpan Reserve => EndAt - WriteAt;

    /// <summary>Divides the time of a drain.</summary>
    /// <param name="options">The time there is.</param>
    /// <param name="nodeGrace">How long a cancelled node gets before it is left behind.</param>
    internal static DrainSchedule Of(DrainOptions options, TimeSpan nodeGrace)
    {
        var wait = options.Timeout - options.Reserve;
        // A run that leaves a node behind should write its end itself. A grace that does not fit gets half of the wait, and nodes that
        // listen get a quarter of it to put their things away.
        var latest = Later(Sooner(wait - nodeGrace, wait * 3 / 4), wait / 2);
        return new DrainSchedule(
            Sooner(options.SuperstepGrace, latest), wait, options.Timeout - (options.Reserve / ReportParts), options.Timeout);
    }

    /// <summary>Makes it end as soon as it can: only what is kept for the last writes is left.</summary>
    /// <param name="now">When.</param>
    internal DrainSchedule Hurried(TimeSpan now) => new(
        Sooner(CancelAt, now),
        Sooner(WriteAt, now + (Reserve / HurriedParts)),
        Sooner(ReportAt, now + Reserve - (Reserve / ReportParts)),
        Sooner(EndAt, now + Reserve));

    /// <summary>Gets the phase at a time.</summary>
    internal DrainPhase PhaseAt(TimeSpan elapsed) =>
        elapsed >= ReportAt ? DrainPhase.Reporting
        : elapsed >= WriteAt ? DrainPhase.Writing
        : elapsed >= CancelAt ? DrainPhase.Cancelling
        : DrainPhase.Finishing;

    /// <summary>Gets when the phase after this one begins.</summary>
    internal TimeSpan After(DrainPhase phase) => phase switch
    {
        DrainPhase.Finishing => CancelAt,
        DrainPhase.Cancelling => WriteAt,
        DrainPhase.Writing => ReportAt,
        _ => EndAt,
    };

    private static TimeSpan Sooner(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;
}

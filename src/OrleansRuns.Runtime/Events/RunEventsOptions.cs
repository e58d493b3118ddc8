using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime;

/// <summary>How a run's events are kept for its readers. Bound to <c>OrleansRuns:Events</c>.</summary>
public sealed class RunEventsOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "OrleansRuns:Events";

    /// <summary>
    /// Gets or sets how many events of a run are kept in memory. A reader that is further behind is told from the log, and of the gap
    /// where the log has nothing: what nodes emit, and that tasks start.
    /// </summary>
    /// <value>1 to 1,000,000. The default is 1,024.</value>
    [Range(1, 1_000_000)]
    public int KeptEvents { get; set; } = 1024;

    /// <summary>Gets or sets how many bytes the kept events of a run may take; the newest event is kept whatever its size.</summary>
    /// <value>1 to 1,073,741,824 (1 GiB). The default is 4,194,304 (4 MiB).</value>
    [Range(1, 1024 * 1024 * 1024)]
    public int KeptBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>
    /// Gets or sets how long a run that goes on elsewhere waits there for the reader that it is not to outlive, before it is cancelled. A
    /// client learns only after half a minute that the silo died which had its call.
    /// </summary>
    /// <value>1 millisecond to 1 hour. The default is 1 minute.</value>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan ReaderGrace { get; set; } = TimeSpan.FromMinutes(1);
}

[OptionsValidator]
internal sealed partial class RunEventsOptionsValidator : IValidateOptions<RunEventsOptions>;

using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime;

/// <summary>How runs are admitted and stopped. Bound to <c>OrleansRuns:Runs</c>.</summary>
public sealed class RunsOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "OrleansRuns:Runs";

    /// <summary>Gets or sets the largest request: input, answer and context together, in bytes of UTF-8.</summary>
    /// <value>1 to 268,435,456 (256 MiB). The default is 1,048,576 (1 MiB).</value>
    [Range(1, 256 * 1024 * 1024)]
    public int MaxInputBytes { get; set; } = 1024 * 1024;

    /// <summary>Gets or sets how many runs are executed on one silo at the same time. Others stay pending in the database.</summary>
    /// <value>1 to 1,000,000. The default is 1,000.</value>
    /// <remarks>Runs that go on after their silo died or stopped are taken beyond the limit.</remarks>
    [Range(1, 1_000_000)]
    public int MaxActiveRuns { get; set; } = 1000;

    /// <summary>Gets or sets the time between two looks for pending runs that nobody has begun.</summary>
    /// <value>10 milliseconds to 1 hour. The default is 2 seconds.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan PendingPeriod { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets or sets how long a cancelled run waits for its nodes before it ends without them.</summary>
    /// <value>Zero to 10 minutes. The default is 2 seconds.</value>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan NodeCancellationGrace { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets or sets how long an activation that is deactivated under a live run waits for the run to write its end.</summary>
    /// <value>Greater than zero, at most 10 minutes. The default is 10 seconds.</value>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:10:00")]
    public TimeSpan DeactivationGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets after which time an edit that still holds its thread is taken for dead and loses the thread.</summary>
    /// <value>1 second to 1 day. The default is 1 minute.</value>
    /// <remarks>
    /// An edit that is alive after all finds its slot gone and changes nothing; once a run has begun, the log refuses its append as well.
    /// </remarks>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan EditTimeout { get; set; } = TimeSpan.FromMinutes(1);
}

[OptionsValidator]
internal sealed partial class RunsOptionsValidator : IValidateOptions<RunsOptions>;

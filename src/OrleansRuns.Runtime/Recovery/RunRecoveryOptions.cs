using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime;

/// <summary>How runs that nobody executes are found and continued. Bound to <c>OrleansRuns:Recovery</c>.</summary>
public sealed class RunRecoveryOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "OrleansRuns:Recovery";

    /// <summary>
    /// Gets or sets the time between two searches. One is also made when the silo has become active, and when another silo has died or
    /// stops.
    /// </summary>
    /// <value>1 second to 1 day. The default is 1 minute.</value>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan Period { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets or sets how many runs are continued at the same time.</summary>
    /// <value>1 to 1,024. The default is 16.</value>
    [Range(1, 1024)]
    public int Concurrency { get; set; } = 16;

    /// <summary>Gets or sets how many rows one query reads.</summary>
    /// <value>1 to 1,000. The default is 200.</value>
    [Range(1, 1000)]
    public int PageSize { get; set; } = 200;

    /// <summary>
    /// Gets or sets how often a run's silo may die without a new checkpoint in between before the run ends as orphaned. The last attempt
    /// is made alone on its silo, so that no run is given up for what another one does.
    /// </summary>
    /// <value>1 to 100. The default is 3. With 1, every run whose silo dies under it ends.</value>
    [Range(1, 100)]
    public int MaxAttempts { get; set; } = 3;

    /// <summary>Gets or sets how long a last attempt waits until nothing else is executed on its silo. Others wait behind it.</summary>
    /// <value>Zero to 1 hour. The default is 1 minute.</value>
    /// <remarks>After it the attempt begins all the same, and the silo's death is not held against the run.</remarks>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan AloneWait { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets or sets how long a last attempt that has made no checkpoint keeps its silo to itself.</summary>
    /// <value>1 second to 1 day. The default is 1 minute.</value>
    /// <remarks>
    /// What comes to the silo meanwhile waits, so that a long node which met two deaths of silos by chance holds it up for no longer.
    /// </remarks>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan AloneTime { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Gets or sets how long a silo's right to own runs is good when it is not renewed; it is renewed three times as often.
    /// </summary>
    /// <value>1 second to 1 hour. The default is 30 seconds.</value>
    /// <remarks>
    /// Another cluster on the same database takes a dead silo's runs over after this time. The silo's own cluster does not wait for it.
    /// </remarks>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(30);
}

[OptionsValidator]
internal sealed partial class RunRecoveryOptionsValidator : IValidateOptions<RunRecoveryOptions>;

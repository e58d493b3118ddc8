using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime;

/// <summary>How runs that nobody executes are found and continued. Bound to <c>OrleansRuns:Recovery</c>.</summary>
public sealed class RunRecoveryOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "OrleansRuns:Recovery";

    /// <summary>Gets or sets the time between two searches. The first one is made when the silo has become active.</summary>
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
}

[OptionsValidator]
internal sealed partial class RunRecoveryOptionsValidator : IValidateOptions<RunRecoveryOptions>;

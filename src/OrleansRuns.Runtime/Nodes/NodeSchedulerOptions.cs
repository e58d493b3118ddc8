using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime;

/// <summary>Where node code runs. Bound to <c>OrleansRuns:Nodes</c>.</summary>
public sealed class NodeSchedulerOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "OrleansRuns:Nodes";

    /// <summary>Gets or sets how many nodes run at the same time on a silo; the others wait for a slot.</summary>
    /// <value>1 to 4,096. The default is 64.</value>
    [Range(1, 4096)]
    public int MaxConcurrency { get; set; } = 64;

    /// <summary>Gets or sets how long a node whose time is over may take to notice before it is left behind.</summary>
    /// <value>Zero to 10 minutes. The default is 2 seconds.</value>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan CancellationGrace { get; set; } = TimeSpan.FromSeconds(2);
}

[OptionsValidator]
internal sealed partial class NodeSchedulerOptionsValidator : IValidateOptions<NodeSchedulerOptions>;

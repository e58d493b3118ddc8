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
}

[OptionsValidator]
internal sealed partial class NodeSchedulerOptionsValidator : IValidateOptions<NodeSchedulerOptions>;

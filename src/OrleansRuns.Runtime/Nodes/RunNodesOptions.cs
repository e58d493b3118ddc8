using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime;

/// <summary>Where node code runs. Bound to <c>OrleansRuns:Nodes</c>.</summary>
public sealed class RunNodesOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "OrleansRuns:Nodes";

    /// <summary>Gets or sets how many nodes run at the same time on a silo; the others wait for a slot.</summary>
    /// <value>1 to 4,096. The default is 64.</value>
    [Range(1, 4096)]
    public int MaxConcurrency { get; set; } = 64;

    /// <summary>
    /// Gets or sets how many nodes that do not listen to their token a silo carries along, each on a thread of its own, before it says
    /// that it is not ready.
    /// </summary>
    /// <value>1 to 4,096. The default is 64.</value>
    [Range(1, 4096)]
    public int MaxLeftBehind { get; set; } = 64;

    /// <summary>Gets or sets how many bytes a silo keeps of what nodes with a cache policy wrote.</summary>
    /// <value>0 to 1,073,741,824 (1 GiB). The default is 67,108,864 (64 MiB).</value>
    [Range(0, 1024 * 1024 * 1024)]
    public int MaxCacheBytes { get; set; } = 64 * 1024 * 1024;
}

[OptionsValidator]
internal sealed partial class RunNodesOptionsValidator : IValidateOptions<RunNodesOptions>;

using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace OrleansRuns.Host;

/// <summary>Which pod of Kubernetes the program runs in. Bound to <c>OrleansRuns:Pod</c>.</summary>
internal sealed class PodOptions
{
    internal const string Section = "OrleansRuns:Pod";

    /// <summary>Gets or sets the pod's name. Without one, nothing is told to Kubernetes.</summary>
    public string? Name { get; set; }

    /// <summary>Gets or sets the pod's namespace.</summary>
    /// <value>The default is "default".</value>
    [Required]
    public string Namespace { get; set; } = "default";

    /// <summary>Gets or sets the time between two looks at what the pod costs.</summary>
    /// <value>10 milliseconds to 1 hour. The default is 15 seconds.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan Period { get; set; } = TimeSpan.FromSeconds(15);
}

[OptionsValidator]
internal sealed partial class PodOptionsValidator : IValidateOptions<PodOptions>;

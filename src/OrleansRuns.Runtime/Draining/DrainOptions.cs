using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime;

/// <summary>How a silo that stops gets its runs to safety. Bound to <c>OrleansRuns:Drain</c>.</summary>
public sealed class DrainOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "OrleansRuns:Drain";

    private static readonly TimeSpan MinReserve = TimeSpan.FromSeconds(1);

    /// <summary>Gets or sets the time for everything: asking, waiting, writing and reporting.</summary>
    /// <value>2 seconds to 10 minutes. The default is 25 seconds.</value>
    /// <remarks>
    /// The host's shutdown timeout has to be 5 seconds longer. It is raised by itself as long as it has its default of 30 seconds.
    /// </remarks>
    [Range(typeof(TimeSpan), "00:00:02", "00:10:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(25);

    /// <summary>Gets or sets which part of the time is kept for the last writes, so that one stuck run cannot use it up.</summary>
    /// <value>0 to 0.8, and at least 1 second whatever the part. The default is 0.2.</value>
    [Range(0.0, 0.8)]
    public double PersistReserve { get; set; } = 0.2;

    /// <summary>Gets or sets how long runs may finish the superstep they are in before it is cancelled.</summary>
    /// <value>Zero to 10 minutes. The default is 5 seconds.</value>
    /// <remarks>
    /// It is part of <see cref="Timeout"/>, and shortened where what is left would not do for nodes that do not listen.
    /// </remarks>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan SuperstepGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets the time that is kept for the last writes.</summary>
    internal TimeSpan Reserve => Timeout * PersistReserve is var part && part > MinReserve ? part : MinReserve;
}

[OptionsValidator]
internal sealed partial class DrainOptionsValidator : IValidateOptions<DrainOptions>;

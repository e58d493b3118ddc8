using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace OrleansRuns.Host;

/// <summary>How a command reaches the silos on PostgreSQL. Bound to <c>OrleansRuns:Client</c>.</summary>
internal sealed class ClientOptions
{
    internal const string Section = "OrleansRuns:Client";

    /// <summary>Gets or sets how long a command looks for a silo that it can reach.</summary>
    /// <value>1 second to 10 minutes. The default is 15 seconds.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(15);
}

[OptionsValidator]
internal sealed partial class ClientOptionsValidator : IValidateOptions<ClientOptions>;

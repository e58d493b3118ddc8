using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Microsoft.Extensions.Options;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>How the program answers over HTTP. Bound to <c>OrleansRuns:Web</c>.</summary>
internal sealed class WebOptions
{
    internal const string Section = "OrleansRuns:Web";

    /// <summary>Gets or sets after which silence an open event stream gets a comment, so that nobody takes it for dead.</summary>
    /// <value>10 milliseconds to 5 minutes. The default is 5 seconds.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:05:00")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets how long a reader is to wait before it connects again.</summary>
    /// <value>Zero to 5 minutes. The default is 1 second.</value>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan ReconnectAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets or sets how many event streams may be open at the same time. A further one is answered with 503.</summary>
    /// <value>1 to 1,000,000. The default is 10,000.</value>
    [Range(1, 1_000_000)]
    public int MaxStreams { get; set; } = 10_000;

    /// <summary>Gets or sets how long connections may take to end when the program stops, before they are cut.</summary>
    /// <value>10 milliseconds to 1 minute, and at most the drain's timeout. The default is 2 seconds.</value>
    /// <remarks>
    /// The silo stops behind the web server. The drain begins beside it, so that what does not take longer than the drain takes nothing
    /// from what the silo needs afterwards.
    /// </remarks>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan CloseWithin { get; set; } = TimeSpan.FromSeconds(2);
}

[OptionsValidator]
internal sealed partial class WebOptionsValidator : IValidateOptions<WebOptions>;

/// <summary>Refuses a web server whose connections could outlast the drain: the host would not wait for the silo's own stop.</summary>
internal sealed class WebBudgetValidator(IOptions<DrainOptions> drain) : IValidateOptions<WebOptions>
{
    public ValidateOptionsResult Validate(string? name, WebOptions options) =>
        options.CloseWithin <= drain.Value.Timeout
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(string.Create(
                CultureInfo.InvariantCulture,
                $"{nameof(WebOptions.CloseWithin)}: Connections may take {options.CloseWithin} to end, but the silo stops behind them "
                + $"and is due after {drain.Value.Timeout}. Set it to '{DrainOptions.Section}:{nameof(DrainOptions.Timeout)}' at most."));
}

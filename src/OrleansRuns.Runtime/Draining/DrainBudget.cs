using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime;

/// <summary>Sees to it that the host waits for as long as the drain may take.</summary>
internal sealed class DrainBudget(IOptions<DrainOptions> drain) : IPostConfigureOptions<HostOptions>
{
    /// <summary>What the rest of the silo's stop gets after the drain: deactivation, hand-over of the directory, closing.</summary>
    internal static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Untouched = new HostOptions().ShutdownTimeout;

    /// <summary>Gets the least shutdown timeout that does for a drain.</summary>
    internal static TimeSpan Needed(DrainOptions options) => options.Timeout + Margin;

    public void PostConfigure(string? name, HostOptions options)
    {
        if (options.ShutdownTimeout == Untouched && Needed(drain.Value) > Untouched)
        {
            options.ShutdownTimeout = Needed(drain.Value);
        }
    }
}

/// <summary>Refuses to start a silo whose host would not wait for its drain.</summary>
internal sealed class DrainBudgetValidator(IOptions<DrainOptions> drain, IOptions<HostOptions> host) : IConfigurationValidator
{
    public void ValidateConfiguration()
    {
        var (budget, needed, given) = (drain.Value.Timeout, DrainBudget.Needed(drain.Value), host.Value.ShutdownTimeout);
        if (given >= needed || given == Timeout.InfiniteTimeSpan)
        {
            return;
        }

        var fitting = given - DrainBudget.Margin;
        throw new OrleansConfigurationException(
            $"The host gives up stopping after {Seconds(given)}, but the drain may take {Seconds(budget)} and what follows it needs "
            + $"{Seconds(DrainBudget.Margin)}: runs could lose their last write. Set HostOptions.ShutdownTimeout to {Seconds(needed)} or "
            + "more (and Kubernetes' terminationGracePeriodSeconds above it), or set "
            + $"'{DrainOptions.Section}:{nameof(DrainOptions.Timeout)}' to "
            + (fitting >= TimeSpan.FromSeconds(2) ? $"{Seconds(fitting)} or less." : "2 s at least, for which the host needs 7 s."));
    }

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s");
}

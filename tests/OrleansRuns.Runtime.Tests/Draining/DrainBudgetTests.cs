using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class DrainBudgetTests
{
    [Theory]
    [InlineData(25, 30)]
    [InlineData(10, 30)]
    [InlineData(60, 65)]
    public async Task HostOptions_NotSet_IsRaisedToWhatTheDrainNeeds(int drain, int expected)
    {
        await using var cluster = await StartAsync(drain, host: null);

        var host = cluster.Services.GetRequiredService<IOptions<HostOptions>>().Value;

        Assert.Equal(TimeSpan.FromSeconds(expected), host.ShutdownTimeout);
    }

    [Fact]
    public async Task HostOptions_SetAndLongEnough_IsLeftAlone()
    {
        await using var cluster = await StartAsync(drain: 20, host: 25);

        var host = cluster.Services.GetRequiredService<IOptions<HostOptions>>().Value;

        Assert.Equal(TimeSpan.FromSeconds(25), host.ShutdownTimeout);
    }

    [Fact]
    public async Task HostOptions_SetTooShort_TheSiloDoesNotStartAndNamesTheNumbers()
    {
        var exception = await Assert.ThrowsAnyAsync<Exception>(() => StartAsync(drain: 20, host: 12));

        var message = exception.ToString();
        Assert.Contains("gives up stopping after 12 s", message, StringComparison.Ordinal);
        Assert.Contains("drain may take 20 s", message, StringComparison.Ordinal);
        Assert.Contains("HostOptions.ShutdownTimeout to 25 s", message, StringComparison.Ordinal);
        Assert.Contains("terminationGracePeriodSeconds", message, StringComparison.Ordinal);
        Assert.Contains("'OrleansRuns:Drain:Timeout' to 7 s or less", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HostOptions_ShorterThanAnyDrain_SaysSo()
    {
        var exception = await Assert.ThrowsAnyAsync<Exception>(() => StartAsync(drain: 20, host: 3));

        Assert.Contains("for which the host needs 7 s", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DrainOptions_InTheConfiguration_AreBound()
    {
        await using var cluster = await RunCluster.StartAsync(options => options.ConfigureSilo = silo =>
            silo.Configuration[$"{DrainOptions.Section}:SuperstepGrace"] = "00:00:07");

        Assert.Equal(
            TimeSpan.FromSeconds(7), cluster.Services.GetRequiredService<IOptions<DrainOptions>>().Value.SuperstepGrace);
    }

    private static Task<RunCluster> StartAsync(int drain, int? host) => RunCluster.StartAsync(options =>
    {
        options.Configure = runs => runs.Configure<DrainOptions>(one => one.Timeout = TimeSpan.FromSeconds(drain));
        options.ConfigureSilo = silo =>
        {
            if (host is { } seconds)
            {
                silo.Services.PostConfigure<HostOptions>(one => one.ShutdownTimeout = TimeSpan.FromSeconds(seconds));
            }
        };
    });
}

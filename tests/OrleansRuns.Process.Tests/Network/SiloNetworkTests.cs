using OrleansRuns.TestKit;
using Xunit.Abstractions;
using ChildProcess = System.Diagnostics.Process;

namespace OrleansRuns.Process.Tests;

public sealed class SiloNetworkTests(ITestOutputHelper output)
{
    [Fact]
    public async Task CreateAsync_NetworkOfATestThatWasKilled_RemovesItAndWhatRunsInIt()
    {
        if (await NetworkAbility.IsMissingAsync(output))
        {
            return;
        }

        var gone = await EndedProcessAsync();
        var (space, link) = (SiloNetwork.NameOf(gone, "n0"), SiloNetwork.NameOf(gone, "l0"));
        await IpCommand.RunAsync($"netns add {space}");
        await IpCommand.RunAsync($"link add {link} type bridge");
        using var left = ChildProcess.Start(IpCommand.Name, ["netns", "exec", space, "sleep", "600"]);
        await Eventually.TrueAsync(
            async () => (await IpCommand.RunAsync($"netns pids {space}")).Contains($"{left.Id}", StringComparison.Ordinal),
            "a process to run in the network");

        await using var database = await PostgresTestDatabase.CreateAsync();
        await using (await SiloNetwork.CreateAsync(2, database.ConnectionString))
        {
            await left.WaitForExitAsync().WithinAsync("the process that was left in the network to be killed");
        }

        Assert.DoesNotContain(SiloNetwork.NameOf(gone, ""), await IpCommand.RunAsync("netns list"), StringComparison.Ordinal);
        var links = await IpCommand.RunAsync("-oneline link");
        Assert.DoesNotContain(SiloNetwork.NameOf(gone, ""), links, StringComparison.Ordinal);
        Assert.DoesNotContain(SiloNetwork.NameOf(Environment.ProcessId, ""), links, StringComparison.Ordinal);
    }

    private static async Task<int> EndedProcessAsync()
    {
        using var process = ChildProcess.Start("true");
        await process.WaitForExitAsync().WithinAsync("the end of a short process");
        return process.Id;
    }
}

using System.Globalization;
using Xunit.Abstractions;

namespace OrleansRuns.Process.Tests;

/// <summary>Whether this machine lets the tests make networks of their own.</summary>
internal static class NetworkAbility
{
    private const int NetAdmin = 12;
    private const int SysAdmin = 21;

    /// <summary>What the kernel says that has no such networks or forbids them; any other complaint is a failure of the test.</summary>
    private static readonly string[] Refusals =
        ["Operation not permitted", "Permission denied", "Operation not supported", "Unknown device type", "not supported"];

    /// <summary>Tells whether networks are not possible here, and says so: tests/run.sh repeats it behind the tests.</summary>
    internal static async Task<bool> IsMissingAsync(ITestOutputHelper output)
    {
        if (await FindObstacleAsync() is not { } obstacle)
        {
            return false;
        }

        output.WriteLine($"Not tested: networks of tests are not possible here. {obstacle}");
        return true;
    }

    /// <summary>Finds out why networks are not possible here.</summary>
    /// <returns>The reason, or <see langword="null"/> when they are possible.</returns>
    private static async Task<string?> FindObstacleAsync()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "This is no Linux.";
        }

        if (!HasCapabilities(await File.ReadAllLinesAsync("/proc/self/status")))
        {
            return "The tests run without the capabilities CAP_NET_ADMIN and CAP_SYS_ADMIN; root has them.";
        }

        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        if (!path.Split(':').Any(folder => File.Exists(Path.Combine(folder, IpCommand.Name))))
        {
            return $"There is no command '{IpCommand.Name}' on the path; the package iproute2 has it.";
        }

        return await ProbeAsync();
    }

    private static bool HasCapabilities(IEnumerable<string> status)
    {
        var line = status.First(line => line.StartsWith("CapEff:", StringComparison.Ordinal));
        var effective = ulong.Parse(line[7..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return (effective >> NetAdmin & effective >> SysAdmin & 1) == 1;
    }

    /// <summary>Makes one thing of each kind, which a kernel in a container may lack or forbid also to root.</summary>
    private static async Task<string?> ProbeAsync()
    {
        var name = SiloNetwork.NameOf(Environment.ProcessId, "p");
        var (_, error) = await IpCommand.TryAsync($"netns add {name}");
        if (error is null)
        {
            error = (await IpCommand.TryAsync($"-n {name} link add probe type bridge")).Error
                ?? (await IpCommand.TryAsync($"-n {name} link add probe0 type veth peer name probe1")).Error;
            await IpCommand.RunAsync($"netns delete {name}");
        }

        return error is not null && Refusals.Any(refusal => error.Contains(refusal, StringComparison.Ordinal))
            ? $"The kernel says '{error}'."
            : null;
    }
}

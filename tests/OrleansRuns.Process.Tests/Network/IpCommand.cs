using System.Diagnostics;
using OrleansRuns.TestKit;
using ChildProcess = System.Diagnostics.Process;

namespace OrleansRuns.Process.Tests;

/// <summary>The command that makes and changes networks of this machine.</summary>
internal static class IpCommand
{
    internal const string Name = "ip";

    /// <summary>Executes it.</summary>
    /// <param name="arguments">Its arguments, separated by single spaces.</param>
    /// <returns>What it wrote.</returns>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    internal static async Task<string> RunAsync(string arguments)
    {
        var (output, error) = await TryAsync(arguments);
        return error is null ? output : throw new InvalidOperationException($"'{Name} {arguments}' failed: {error}");
    }

    /// <summary>Executes it.</summary>
    /// <returns>What it wrote, and what it complained about if it failed.</returns>
    internal static async Task<(string Output, string? Error)> TryAsync(string arguments)
    {
        using var process = ChildProcess.Start(new ProcessStartInfo(Name, arguments.Split(' '))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.StandardInput.Close();
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WithinAsync($"the end of '{Name} {arguments}'");
        return (await output, process.ExitCode == 0 ? null : (await errors).Trim());
    }
}

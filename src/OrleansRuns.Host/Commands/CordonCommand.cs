using System.CommandLine;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Host;

/// <summary>Takes a silo out of service without stopping it, and back.</summary>
internal static class CordonCommand
{
    internal static Command Create() => Create(
        "cordon",
        "With --postgres: lets no further run begin on a silo. Runs under way go on. It lasts until 'uncordon' or the silo's end.",
        (runs, silo, cancellationToken) => runs.CordonSiloAsync(silo, cancellationToken));

    internal static Command CreateUndo() => Create(
        "uncordon",
        "With --postgres: lets runs begin on a silo again.",
        (runs, silo, cancellationToken) => runs.UncordonSiloAsync(silo, cancellationToken));

    private static Command Create(
        string name, string description, Func<IRunsClient, string, CancellationToken, Task<SiloSnapshot>> change)
    {
        var command = new Command(name, description) { SiloClient.Silo };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var silo = parsed.GetRequiredValue(SiloClient.Silo);
            var told = await SiloClient.AskAsync(parsed, runs => change(runs, silo, cancellationToken), cancellationToken);
            SiloClient.Print(parsed, [told]);
            return ExitCode.Success;
        });
        return command;
    }
}

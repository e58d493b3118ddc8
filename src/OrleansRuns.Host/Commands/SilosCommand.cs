using System.CommandLine;

namespace OrleansRuns.Host;

/// <summary>Lists the silos of the cluster.</summary>
internal static class SilosCommand
{
    internal static Command Create()
    {
        var command = new Command("silos", "With --postgres: lists the silos, their runs, and what a stop of each would take now.");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            SiloClient.Print(
                parsed, await SiloClient.AskAsync(parsed, runs => runs.GetSilosAsync(cancellationToken), cancellationToken));
            return ExitCode.Success;
        });
        return command;
    }
}

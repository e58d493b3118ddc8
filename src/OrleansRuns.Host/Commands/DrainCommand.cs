using System.CommandLine;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Host;

/// <summary>Brings the runs of a silo to safety without stopping it.</summary>
internal static class DrainCommand
{
    internal static Command Create()
    {
        var command = new Command(
            "drain", "With --postgres: cordons a silo and moves its runs to the others, as its stop would. It stays up and cordoned.")
        {
            SiloClient.Silo,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var silo = parsed.GetRequiredValue(SiloClient.Silo);
            var report = await SiloClient.AskAsync(parsed, runs => runs.DrainSiloAsync(silo, cancellationToken), cancellationToken);
            Console.WriteLine(DrainsCommand.Render(report, parsed.GetValue(CommandLine.Json)));
            return report.Count(DrainOutcome.NotPersisted) == 0 ? ExitCode.Success : ExitCode.Failed;
        });
        return command;
    }
}

using System.CommandLine;
using System.Runtime.InteropServices;

namespace OrleansRuns.Host;

/// <summary>Shows what the program is for, on this machine and within half a minute.</summary>
internal static class DemoCommand
{
    /// <summary>How long a demonstration may take: one that hangs has broken a promise.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private static readonly Option<int> Runs = NumberOption.Create("--runs", "How many runs there are", (4, 1000), usual: 80);

    internal static Command Create()
    {
        var scaleIn = new Command(
            "scale-in",
            "Starts three silos under load on a private PostgreSQL (or a new database on the server of --postgres), stops one, kills "
            + "another, and checks in the database that nothing was lost. Leaves nothing behind.")
        {
            Runs,
        };
        scaleIn.SetAction((parsed, _) => PlayAsync(parsed));
        return new Command("demo", "Shows what happens to runs when silos go away.") { scaleIn };
    }

    private static async Task<int> PlayAsync(ParseResult parsed)
    {
        using var stopped = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(stopped.Token);
        var isJson = parsed.GetValue(CommandLine.Json);
        try
        {
            var report = await PlayAsync(parsed, isJson ? Console.Error : Console.Out, bounded);
            if (isJson)
            {
                await Console.Out.WriteLineAsync(report.ToJson());
            }
            else
            {
                report.Print(Console.Out);
            }

            return report.Broken.Count == 0 ? ExitCode.Success : ExitCode.Failed;
        }
        // A client that is cancelled while it connects says so with an exception of its own.
        catch (Exception exception) when (
            exception is OperationCanceledException or OrleansLifecycleCanceledException && bounded.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync(stopped.IsCancellationRequested
                ? "Stopped. Nothing of it is left."
                : $"BROKEN: the runs have not ended within {Bound.TotalMinutes:0} minutes.");
            return stopped.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Failed;
        }

        void Stop(PosixSignalContext context)
        {
            // This program ends when it has put everything away.
            context.Cancel = true;
            stopped.Cancel();
        }
    }

    private static async Task<DemoReport> PlayAsync(ParseResult parsed, TextWriter words, CancellationTokenSource bounded)
    {
        // A file has one silo: only a server is of use here.
        await using var server = await DemoServer.StartAsync(RunsDatabase.Of(parsed).ConnectionString, bounded.Token);
        bounded.CancelAfter(Bound);
        return await new ScaleInDemo(server, parsed.GetValue(Runs), words.WriteLine).PlayAsync(bounded.Token);
    }
}

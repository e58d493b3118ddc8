using System.CommandLine;
using System.Data.Common;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Host;

/// <summary>The commands of the program.</summary>
internal static class CommandLine
{
    internal static readonly Option<FileInfo> Database = new("--db")
    {
        Description = "The SQLite file that keeps the runs.",
        DefaultValueFactory = _ => new FileInfo(Path.Combine(".orleansruns", "runs.db")),
        HelpName = "file",
        Recursive = true,
    };

    internal static readonly Option<string?> Postgres = new("--postgres")
    {
        Description = $"The PostgreSQL database that keeps the runs, instead of a file; also by the variable {RunsDatabase.Variable}.",
        HelpName = "connection string",
        Recursive = true,
    };

    internal static readonly Option<bool> Json = new("--json") { Description = "Prints JSON for machines.", Recursive = true };

    // "@file" names a file with JSON here, not one with more of the command line.
    private static readonly ParserConfiguration Parser = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    /// <summary>Reads a command line. Its errors are not thrown.</summary>
    internal static ParseResult Parse(IReadOnlyList<string> args)
    {
        var root = new RootCommand("Executes graphs as durable runs. Without a command it serves until Ctrl+C.")
        {
            Database,
            Postgres,
            Json,
            ServeCommand.Address,
            ServeCommand.SiloPort,
            ServeCommand.GatewayPort,
            ServeCommand.Http,
            RunCommand.Create(),
            GraphsCommand.Create(),
            DrawCommand.Create(),
            HistoryCommand.Create(),
            ShowCommand.Create(),
            DoctorCommand.Create(),
            RunsCommand.Create(),
            ThreadsCommand.Create(),
            DrainsCommand.Create(),
            SilosCommand.Create(),
            CordonCommand.Create(),
            CordonCommand.CreateUndo(),
            DrainCommand.Create(),
            DemoCommand.Create(),
        };
        root.SetAction(ServeCommand.ServeAsync);
        return root.Parse(args, Parser);
    }

    internal static async Task<int> InvokeAsync(string[] args)
    {
        var parsed = Parse(args);
        if (parsed.Errors.Count > 0)
        {
            await TellAsync(string.Join(Environment.NewLine, parsed.Errors.Select(error => error.Message).Distinct()));
            await TellAsync($"Type '{CommandText.Program} {HelpOf(parsed)}--help' for what there is.");
            return ExitCode.BadUsage;
        }

        // Ctrl+C belongs to the silo's host, which stops in its own order and time.
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        try
        {
            return await parsed.InvokeAsync(invocation);
        }
        catch (Exception exception) when (IsUsage(exception))
        {
            await TellAsync(exception.Message);
            return ExitCode.BadUsage;
        }
        catch (Exception exception) when (ConfigurationErrors.Describe(exception) is { } problem)
        {
            await TellAsync(problem);
            return ExitCode.BadUsage;
        }
        catch (DbException exception)
        {
            await TellAsync($"The database does not answer as it should: {exception.Message} Examine it, or name another one.");
            return ExitCode.BadUsage;
        }
    }

    /// <summary>Tells whether a message says what is wrong with what was asked for, or with what the database holds.</summary>
    private static bool IsUsage(Exception exception) =>
        exception is UsageException or RunException or OrleansConfigurationException or InvalidDataException or GraphException;

    private static string HelpOf(ParseResult parsed) =>
        parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ";

    private static Task TellAsync(string message) => Console.Error.WriteLineAsync(message);
}

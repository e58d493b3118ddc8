using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>Continues what is unfinished and waits for Ctrl+C.</summary>
internal static class ServeCommand
{
    internal static async Task<int> ServeAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var database = parsed.GetRequiredValue(CommandLine.Database);
        using var host = EmbeddedSilo.Build(database, LogLevel.Information);
        await host.StartAsync(cancellationToken);
        var graphs = host.Services.GetRequiredService<IGraphs>();
        Console.WriteLine($"OrleansRuns serves the graphs {string.Join(", ", graphs.Names)} from '{database.FullName}'.");
        Console.WriteLine("Runs that were not finished go on now. Ctrl+C stops; what is under way then goes on at the next start.");
        Console.WriteLine($"Stop it and type '{CommandText.Program} run digest --input '{{\"folder\":\".\"}}'' to execute a graph.");
        await host.WaitForShutdownAsync(cancellationToken);
        Console.WriteLine("Stopped.");
        return ExitCode.Success;
    }
}

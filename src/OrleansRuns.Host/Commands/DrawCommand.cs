using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>Draws a graph.</summary>
internal static class DrawCommand
{
    private static readonly Argument<string> Graph = new("graph") { Description = "The graph's name; 'graphs' lists them." };

    internal static Command Create()
    {
        var command = new Command("draw", "Prints a graph as a Mermaid flowchart.") { Graph };
        command.SetAction(parsed =>
        {
            using var services = EmbeddedSilo.BuildReader(RunsDatabase.Of(parsed));
            Console.WriteLine(services.GetRequiredService<IGraphs>().Get(parsed.GetRequiredValue(Graph)).DrawMermaid());
        });
        return command;
    }
}

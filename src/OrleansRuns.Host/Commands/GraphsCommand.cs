using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>Lists the graphs.</summary>
internal static class GraphsCommand
{
    internal static Command Create()
    {
        var command = new Command("graphs", "Lists the graphs and what they take.");
        command.SetAction(parsed =>
        {
            using var services = EmbeddedSilo.BuildReader(RunsDatabase.Of(parsed));
            var graphs = services.GetRequiredService<IGraphs>();
            foreach (var graph in graphs.Names.Select(graphs.Get))
            {
                Console.WriteLine(parsed.GetValue(CommandLine.Json)
                    ? JsonSerializer.Serialize(
                        new
                        {
                            name = graph.Name,
                            description = SampleGraphs.Describe(graph.Name),
                            fingerprint = graph.Fingerprint,
                            nodes = graph.Nodes.Keys,
                            input = graph.InputSchema,
                            state = graph.StateSchema,
                        },
                        StateText.Json)
                    : $"{graph.Name,-10}{SampleGraphs.Describe(graph.Name)}");
            }
        });
        return command;
    }
}

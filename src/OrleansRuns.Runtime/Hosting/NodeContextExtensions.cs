using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>What a node sees of its silo beside its run.</summary>
public static class NodeContextExtensions
{
    /// <summary>The category of the nodes' logs.</summary>
    public const string LogCategory = "OrleansRuns.Nodes";

    extension(NodeContext node)
    {
        /// <summary>Gets the logger of the silo's nodes, of category "OrleansRuns.Nodes".</summary>
        public ILogger Logger => node.Services.GetRequiredService<ILoggerFactory>().CreateLogger(LogCategory);

        /// <summary>Gets the cluster's grains. A call runs outside any grain: it interleaves with nothing and blocks no grain.</summary>
        public IGrainFactory GrainFactory => node.Services.GetRequiredService<IGrainFactory>();
    }
}

using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>Says which graphs a silo executes, and how.</summary>
public interface IOrleansRunsBuilder
{
    /// <summary>Gets the silo's services.</summary>
    IServiceCollection Services { get; }

    /// <summary>Adds a graph. It is made with the silo's services and compiled once, when the silo starts.</summary>
    /// <typeparam name="TGraph">The graph: implements <see cref="IGraph{TState}"/> for one state.</typeparam>
    /// <param name="name">The name runs ask for it by; unique on the silo, not empty.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentException">The name is empty, or the type is no graph or a graph of more than one state.</exception>
    IOrleansRunsBuilder AddGraph<TGraph>(string name)
        where TGraph : class;

    /// <summary>Adds a graph that was made already. It is compiled once, when the silo starts.</summary>
    /// <typeparam name="TState">The graph's state.</typeparam>
    /// <param name="name">The name runs ask for it by; unique on the silo, not empty.</param>
    /// <param name="graph">The graph.</param>
    /// <returns>The same builder.</returns>
    IOrleansRunsBuilder AddGraph<TState>(string name, IGraph<TState> graph)
        where TState : GraphState, new();

    /// <summary>Sets options over those of the configuration.</summary>
    /// <typeparam name="TOptions">
    /// <see cref="RunsOptions"/>, <see cref="RunNodesOptions"/>, <see cref="RunEventsOptions"/>, <see cref="RunRecoveryOptions"/> or
    /// <see cref="DrainOptions"/>.
    /// </typeparam>
    /// <param name="configure">Sets them.</param>
    /// <returns>The same builder.</returns>
    IOrleansRunsBuilder Configure<TOptions>(Action<TOptions> configure)
        where TOptions : class;
}

using System.Collections.Frozen;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>The graphs of this silo, compiled once, by name.</summary>
internal sealed class GraphRegistry : IGraphs
{
    private readonly Lazy<FrozenDictionary<string, CompiledGraph>> _graphs;

    public GraphRegistry(IEnumerable<GraphRegistration> registrations, IServiceProvider services) =>
        _graphs = new(() => CompileAll([.. registrations], services));

    public IReadOnlyList<string> Names => [.. _graphs.Value.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Finds a graph.</summary>
    /// <returns>The graph, or <see langword="null"/> when this silo does not have it.</returns>
    internal CompiledGraph? Find(string name) => _graphs.Value.GetValueOrDefault(name);

    public CompiledGraph Get(string name) => Find(name) ?? throw new GraphNotFoundException(name, Names);

    /// <summary>Compiles the graphs if they are not yet, so that mistakes are found before the silo starts.</summary>
    /// <exception cref="OrleansConfigurationException">
    /// Graphs are built wrongly; the message lists every mistake of every graph.
    /// </exception>
    internal void Compile() => _ = _graphs.Value;

    private static FrozenDictionary<string, CompiledGraph> CompileAll(
        IReadOnlyList<GraphRegistration> registrations, IServiceProvider services)
    {
        var compiled = new Dictionary<string, CompiledGraph>(StringComparer.Ordinal);
        var problems = new List<string>();
        foreach (var registration in registrations)
        {
            try
            {
                if (!compiled.TryAdd(registration.Name, registration.Compile(services)))
                {
                    problems.Add($"Two graphs have the name '{registration.Name}'. Give each graph a name of its own.");
                }
            }
            catch (GraphBuildException exception)
            {
                problems.Add(exception.Message);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                problems.Add($"Graph '{registration.Name}' could not be made: {exception.GetBaseException().Message}");
            }
        }

        return problems.Count == 0
            ? compiled.ToFrozenDictionary(StringComparer.Ordinal)
            : throw new OrleansConfigurationException(
                string.Join(Environment.NewLine, problems.Prepend("The silo cannot start with these graphs.")));
    }
}

/// <summary>A graph that was added to the silo and is compiled when the silo starts.</summary>
/// <param name="Name">The name runs ask for it by.</param>
/// <param name="Compile">Makes the graph with the silo's services and compiles it.</param>
internal sealed record GraphRegistration(string Name, Func<IServiceProvider, CompiledGraph> Compile);

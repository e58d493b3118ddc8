using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

internal sealed class OrleansRunsBuilder(IServiceCollection services) : IOrleansRunsBuilder
{
    private delegate CompiledGraph GraphFactory(string name, IServiceProvider services);

    public IServiceCollection Services => services;

    public IOrleansRunsBuilder AddGraph<TGraph>(string name)
        where TGraph : class
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var states = typeof(TGraph).GetInterfaces()
            .Where(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IGraph<>))
            .Select(type => type.GenericTypeArguments[0])
            .ToArray();
        if (states is not [var state])
        {
            throw new ArgumentException(
                $"'{typeof(TGraph)}' cannot be added as graph '{name}': it implements IGraph<TState> {states.Length} times. "
                + "Implement it once.",
                nameof(name));
        }

        var factory = typeof(OrleansRunsBuilder).GetMethod(nameof(Make), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(typeof(TGraph), state)
            .CreateDelegate<GraphFactory>();
        services.AddSingleton(new GraphRegistration(name, provider => factory(name, provider)));
        return this;
    }

    public IOrleansRunsBuilder AddGraph<TState>(string name, IGraph<TState> graph)
        where TState : GraphState, new()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(graph);
        services.AddSingleton(new GraphRegistration(name, _ => GraphCompiler.Compile(name, graph)));
        return this;
    }

    public IOrleansRunsBuilder Configure<TOptions>(Action<TOptions> configure)
        where TOptions : class
    {
        ArgumentNullException.ThrowIfNull(configure);
        services.Configure(configure);
        return this;
    }

    private static CompiledGraph Make<TGraph, TState>(string name, IServiceProvider services)
        where TState : GraphState, new() =>
        GraphCompiler.Compile(name, (IGraph<TState>)(object)ActivatorUtilities.CreateInstance<TGraph>(services)!);
}

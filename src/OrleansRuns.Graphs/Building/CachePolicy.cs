using System.Text.Json;

namespace OrleansRuns.Graphs;

/// <summary>Reuse of what a node wrote for the same key, instead of running it. Errors and interrupted tasks are never reused.</summary>
/// <remarks>
/// The key belongs to the node in this version of the graph. Without one of the author's, it is the whole input of the task: the state
/// and the private argument.
/// </remarks>
public sealed record CachePolicy
{
    internal static readonly TimeSpan LongestTimeToLive = TimeSpan.FromDays(36_500);

    /// <summary>Gets how long the writes may be reused.</summary>
    /// <value>Greater than zero, at most 36,500 days; the default is no limit.</value>
    public TimeSpan? TimeToLive { get; init; }

    internal Func<GraphState, JsonElement?, string>? Key { get; private init; }

    /// <summary>Reuses the writes of tasks with an equal key.</summary>
    /// <typeparam name="TState">The graph's state.</typeparam>
    /// <param name="key">Computes the key from the state the node is given: all that its writes depend on.</param>
    public static CachePolicy By<TState>(Func<TState, string> key)
        where TState : GraphState
    {
        ArgumentNullException.ThrowIfNull(key);
        return new() { Key = (state, _) => key((TState)state) };
    }

    /// <summary>Reuses the writes of tasks with an equal key.</summary>
    /// <typeparam name="TState">The graph's state.</typeparam>
    /// <typeparam name="TArg">The type of the node's private argument.</typeparam>
    /// <param name="key">Computes the key from the state and the argument the node is given: all that its writes depend on.</param>
    public static CachePolicy By<TState, TArg>(Func<TState, TArg, string> key)
        where TState : GraphState
    {
        ArgumentNullException.ThrowIfNull(key);
        return new() { Key = (state, argument) => key((TState)state, GraphJson.Read<TArg>(argument!.Value, "the argument")) };
    }
}

using System.Collections.Immutable;

namespace OrleansRuns.Graphs;

/// <summary>What a command node returns: the new state and where to go from here. Immutable.</summary>
/// <typeparam name="TState">The graph's state.</typeparam>
public sealed class Command<TState>
    where TState : GraphState, new()
{
    internal Command(TState state, ImmutableArray<Node> targets, ImmutableArray<Send> sends)
    {
        State = state;
        Targets = targets;
        Sends = sends;
    }

    internal TState State { get; }

    internal ImmutableArray<Node> Targets { get; }

    internal ImmutableArray<Send> Sends { get; }

    /// <summary>Makes a command that goes nowhere beside the node's plain edges.</summary>
    /// <param name="state">The new state.</param>
    public static implicit operator Command<TState>(TState state) => new(state, [], []);

    /// <summary>Goes to one more node.</summary>
    /// <param name="target">A node the command node was added with, or <see cref="Node.End"/>.</param>
    /// <returns>The longer command.</returns>
    public Command<TState> GoTo(Node target) => new(State, Targets.Add(target), Sends);

    /// <summary>Sends one more task.</summary>
    /// <param name="send">The task, to a node the command node was added with.</param>
    /// <returns>The longer command.</returns>
    public Command<TState> SendTo(Send send) => new(State, Targets, Sends.Add(send));
}

/// <summary>Lets a state start a command: <c>state.GoTo(review)</c>.</summary>
public static class CommandExtensions
{
    /// <summary>Returns the state and goes to a node.</summary>
    /// <param name="state">The new state.</param>
    /// <param name="target">A node the command node was added with, or <see cref="Node.End"/>.</param>
    /// <returns>The command.</returns>
    public static Command<TState> GoTo<TState>(this TState state, Node target)
        where TState : GraphState, new() => new(state, [target], []);

    /// <summary>Returns the state and sends tasks.</summary>
    /// <param name="state">The new state.</param>
    /// <param name="sends">The tasks, in their order.</param>
    /// <returns>The command.</returns>
    public static Command<TState> SendTo<TState>(this TState state, params IEnumerable<Send> sends)
        where TState : GraphState, new() => new(state, [], [.. sends]);
}

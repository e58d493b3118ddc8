using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace OrleansRuns.Graphs;

/// <summary>Collects a graph's nodes and edges. Mistakes are collected too and reported together when the graph is compiled.</summary>
/// <typeparam name="TState">The graph's state.</typeparam>
public sealed partial class GraphBuilder<TState>
    where TState : GraphState, new()
{
    private readonly Dictionary<string, Node> _forwards = new(StringComparer.Ordinal);

    internal GraphBuilder()
    {
    }

    internal List<NodeDefinition<TState>> Nodes { get; } = [];

    internal InputDefinition<TState>? InputDefinition { get; private set; }

    internal List<string> Problems { get; } = [];

    /// <summary>Gives a run's input a type of its own. Without it, the input names channels and what to write to them.</summary>
    /// <typeparam name="TInput">The input; 'required' members are required of the caller.</typeparam>
    /// <param name="map">Writes the input to the thread's state, like a node: <c>state with { … }</c>.</param>
    public void Input<TInput>(Func<TState, TInput, TState> map)
    {
        ArgumentNullException.ThrowIfNull(map);
        if (InputDefinition is not null)
        {
            Problems.Add("The input is defined twice.");
        }

        InputDefinition = new(typeof(TInput), (state, input) => map(state, StrictJson.Read<TInput>(input, "the input")));
    }

    /// <summary>Names a node that is added later, so that a command node can be told to go there.</summary>
    /// <param name="name">The name it will be added with; it must not take a private argument.</param>
    /// <returns>The node.</returns>
    public Node Forward(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!_forwards.TryGetValue(name, out var node))
        {
            _forwards[name] = node = new Node(name);
        }

        return node;
    }

    /// <summary>Adds a node.</summary>
    /// <param name="name">Unique in the graph; without ':' and '|', and not beginning with "__".</param>
    /// <param name="run">Returns the state it was given, changed by 'with'.</param>
    /// <param name="options">How the node is executed.</param>
    /// <returns>The node, for drawing edges.</returns>
    [OverloadResolutionPriority(1)] // A lambda that only throws fits both overloads.
    public Node AddNode(string name, Func<TState, NodeContext, TState> run, NodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        return Add(name, options, (state, _, context) => Task.FromResult<Command<TState>>(run(state, context)), []);
    }

    /// <inheritdoc cref="AddNode(string, Func{TState, NodeContext, TState}, NodeOptions?)"/>
    public Node AddNode(string name, Func<TState, NodeContext, Task<TState>> run, NodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        return Add(name, options, async (state, _, context) => await run(state, context), []);
    }

    /// <summary>Adds a node that is sent a private argument by a fan-out, a command or as an error handler.</summary>
    /// <typeparam name="TArg">The argument's type; it is persisted with the planned task.</typeparam>
    /// <param name="name">Unique in the graph; without ':' and '|', and not beginning with "__".</param>
    /// <param name="run">Returns the state it was given, changed by 'with'.</param>
    /// <param name="options">How the node is executed.</param>
    /// <returns>The node, for fan-outs and sends.</returns>
    [OverloadResolutionPriority(1)] // A lambda that only throws fits both overloads.
    public Node<TArg> AddNode<TArg>(string name, Func<TState, TArg, NodeContext, TState> run, NodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        return Add<TArg>(name, options, (s, argument, c) => Task.FromResult<Command<TState>>(run(s, argument, c)), []);
    }

    /// <inheritdoc cref="AddNode{TArg}(string, Func{TState, TArg, NodeContext, TState}, NodeOptions?)"/>
    public Node<TArg> AddNode<TArg>(string name, Func<TState, TArg, NodeContext, Task<TState>> run, NodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        return Add<TArg>(name, options, async (state, argument, context) => await run(state, argument, context), []);
    }

    /// <summary>Adds a node that also says where to go: <c>state.GoTo(review)</c>, <c>state.SendTo(count.With(path))</c>.</summary>
    /// <param name="name">Unique in the graph; without ':' and '|', and not beginning with "__".</param>
    /// <param name="goesTo">Every node it may go or send to.</param>
    /// <param name="run">Returns a command, or the plain state to go nowhere.</param>
    /// <param name="options">How the node is executed.</param>
    /// <returns>The node, for drawing edges; plain edges are followed as well.</returns>
    [OverloadResolutionPriority(1)] // A lambda that only throws fits both overloads.
    public Node AddCommandNode(
        string name, IEnumerable<Node> goesTo, Func<TState, NodeContext, Command<TState>> run, NodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        return Add(name, options, (state, _, context) => Task.FromResult(run(state, context)), goesTo);
    }

    /// <inheritdoc cref="AddCommandNode(string, IEnumerable{Node}, Func{TState, NodeContext, Command{TState}}, NodeOptions?)"/>
    public Node AddCommandNode(
        string name, IEnumerable<Node> goesTo, Func<TState, NodeContext, Task<Command<TState>>> run, NodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        return Add(name, options, (state, _, context) => run(state, context), goesTo);
    }

    /// <summary>Adds a command node that is sent a private argument, such as an error handler that chooses how to go on.</summary>
    /// <typeparam name="TArg">The argument's type; it is persisted with the planned task.</typeparam>
    /// <param name="name">Unique in the graph; without ':' and '|', and not beginning with "__".</param>
    /// <param name="goesTo">Every node it may go or send to.</param>
    /// <param name="run">Returns a command, or the plain state to go nowhere.</param>
    /// <param name="options">How the node is executed.</param>
    /// <returns>The node, for fan-outs and sends.</returns>
    public Node<TArg> AddCommandNode<TArg>(
        string name, IEnumerable<Node> goesTo, Func<TState, TArg, NodeContext, Task<Command<TState>>> run, NodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        return Add<TArg>(name, options, (state, argument, context) => run(state, argument, context), goesTo);
    }

    /// <summary>Adds a node that runs a graph of its own, with its own state, checkpoints and namespace.</summary>
    /// <typeparam name="TChild">The inner graph's state.</typeparam>
    /// <param name="name">Unique in the graph; without ':' and '|', and not beginning with "__".</param>
    /// <param name="graph">The inner graph.</param>
    /// <param name="enter">Makes the inner graph's first state.</param>
    /// <param name="leave">Writes the inner graph's last state to the outer one, like a node: <c>parent with { … }</c>.</param>
    /// <param name="options">How the node is executed.</param>
    /// <returns>The node, for drawing edges.</returns>
    public Node AddSubgraph<TChild>(
        string name,
        IGraph<TChild> graph,
        Func<TState, TChild> enter,
        Func<TState, TChild, TState> leave,
        NodeOptions? options = null)
        where TChild : GraphState, new()
    {
        ArgumentNullException.ThrowIfNull(leave);
        return AddCommandSubgraph<TChild>(name, [], graph, enter, (parent, child) => leave(parent, child), options);
    }

    /// <summary>Adds a node that runs a graph of its own and says where the outer graph goes when it has ended.</summary>
    /// <remarks>A node inside puts its decision into the inner state, as it does with everything else that is to outlive it.</remarks>
    /// <typeparam name="TChild">The inner graph's state.</typeparam>
    /// <param name="name">Unique in the graph; without ':' and '|', and not beginning with "__".</param>
    /// <param name="goesTo">Every node of the outer graph it may go or send to.</param>
    /// <param name="graph">The inner graph.</param>
    /// <param name="enter">Makes the inner graph's first state.</param>
    /// <param name="leave">Writes the inner graph's last state to the outer one and goes on: <c>parent.GoTo(review)</c>.</param>
    /// <param name="options">How the node is executed.</param>
    /// <returns>The node, for drawing edges; plain edges are followed as well.</returns>
    public Node AddCommandSubgraph<TChild>(
        string name,
        IEnumerable<Node> goesTo,
        IGraph<TChild> graph,
        Func<TState, TChild> enter,
        Func<TState, TChild, Command<TState>> leave,
        NodeOptions? options = null)
        where TChild : GraphState, new()
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(enter);
        ArgumentNullException.ThrowIfNull(leave);
        var subgraph = new SubgraphNode<TState, TChild>(graph, enter, leave);
        return Register(new() { Handle = Forward(name), Options = options ?? new(), Subgraph = subgraph, GoesTo = Known(goesTo) });
    }

    private Node Add(string name, NodeOptions? options, NodeBody<TState> body, IEnumerable<Node> goesTo)
    {
        return Register(new() { Handle = Forward(name), Options = options ?? new(), Body = body, GoesTo = Known(goesTo) });
    }

    private Node<TArg> Add<TArg>(
        string name,
        NodeOptions? options,
        Func<TState, TArg, NodeContext, Task<Command<TState>>> run,
        IEnumerable<Node> goesTo)
    {
        ArgumentNullException.ThrowIfNull(name);
        var node = new Node<TArg>(name);
        Register(new()
        {
            Handle = node,
            Options = options ?? new(),
            Argument = typeof(TArg),
            Body = (state, argument, context) => run(state, ReadArgument<TArg>(argument, name), context),
            GoesTo = Known(goesTo),
        });
        return node;
    }

    private Node Register(NodeDefinition<TState> node)
    {
        Nodes.Add(node);
        return node.Handle;
    }

    /// <summary>Refuses nodes that are none: a field that is not set yet can be one.</summary>
    private static ImmutableArray<Node> Known(
        IEnumerable<Node> nodes, [CallerArgumentExpression(nameof(nodes))] string? argument = null)
    {
        ArgumentNullException.ThrowIfNull(nodes, argument);
        ImmutableArray<Node> known = [.. nodes];
        return known.Contains(null!)
            ? throw new ArgumentException($"A node among '{argument}' is null. Add nodes before what leads to them.", argument)
            : known;
    }

    private static TArg ReadArgument<TArg>(JsonElement? argument, string node) =>
        GraphJson.Read<TArg>(argument ?? GraphJson.Null, $"the argument of node '{node}'");
}

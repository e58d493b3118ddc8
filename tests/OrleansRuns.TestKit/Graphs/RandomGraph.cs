using OrleansRuns.Graphs;

namespace OrleansRuns.TestKit;

/// <summary>What the nodes of random graphs do before anything else.</summary>
public interface INodeDisturbance
{
    /// <summary>Notes that an attempt of a node begins.</summary>
    /// <param name="node">The attempt.</param>
    void Enter(NodeContext node);

    /// <summary>Fails the attempt now and then; a retry or a later run gets through.</summary>
    /// <param name="node">The attempt.</param>
    void Fail(NodeContext node);
}

/// <summary>The state of random graphs: shows every execution's effect, and in which order it was folded.</summary>
public sealed record SimulatedState : GraphState
{
    /// <summary>Gets what the nodes did, in the order of the folds.</summary>
    public AppendList<string> Log { get; init; }

    /// <summary>Gets how many tasks have ended.</summary>
    public Total<long> Steps { get; init; }

    /// <summary>Gets the nodes that ran.</summary>
    public UnionSet<string> Seen { get; init; }

    /// <summary>Gets after how many tasks each of them ran last.</summary>
    public MergeMap<long> RanAt { get; init; }

    /// <summary>Gets what they said.</summary>
    public Messages Talk { get; init; }

    /// <summary>Gets the length of the longest thing that was said.</summary>
    public Longest Longest { get; init; } = new(0);

    /// <summary>Gets what all tasks of a superstep set to the same.</summary>
    public string? Before { get; init; }
}

/// <summary>The greatest of all lengths.</summary>
/// <param name="Length">The length.</param>
public sealed record Longest(int Length) : IMergeable<Longest>
{
    /// <inheritdoc/>
    public static Longest Merge(Longest before, Longest current, Longest incoming)
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(incoming);
        return current.Length > incoming.Length ? current : incoming;
    }
}

/// <summary>A graph drawn from a seed: edges lead forward, so that every node ends; loops lead back while few steps were made.</summary>
/// <param name="seed">The seed; the same one draws the same graph.</param>
/// <param name="depth">How many graphs it is nested in.</param>
public sealed class RandomGraph(int seed, int depth = 0) : IGraph<SimulatedState>
{
    private const int MaxDepth = 2;
    private const int StepsThatMayLoop = 12;
    private readonly Random _random = new(seed);

    /// <inheritdoc/>
    public void Build(GraphBuilder<SimulatedState> graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var count = _random.Next(3, 9);
        var names = Enumerable.Range(0, count).Select(index => $"n{index}").ToList();
        Node At(int index) => index < count ? graph.Forward(names[index]) : Node.End;
        int After(int index) => _random.Next(index + 1, count + 1);
        var reached = new HashSet<int> { 0 };
        Node Next(int index)
        {
            var target = After(index);
            reached.Add(target);
            return At(target);
        }

        graph.AddEdge(Node.Start, At(0));
        for (var index = 0; index < count; index++)
        {
            if (!reached.Contains(index))
            {
                graph.AddEdge(At(_random.Next(index)), At(index));
            }

            AddNode(graph, names[index], index, () => Next(index));
            if (index > 2 && _random.Next(4) == 0)
            {
                graph.AddEdge([At(index - 1), At(index - 2)], Next(index));
            }

            if (index > 0 && _random.Next(5) == 0)
            {
                var (back, forward) = (At(_random.Next(index)), Next(index));
                graph.AddBranch(At(index), state => state.Steps < StepsThatMayLoop ? back : forward, back, forward);
            }
        }
    }

    private static SimulatedState Mark(SimulatedState state, string what) => state with
    {
        Log = state.Log.Append($"{what}:{state.Steps}:{state.Log.Count}"),
        Steps = state.Steps + 1,
        Seen = state.Seen.With(what),
        RanAt = state.RanAt.With(what, state.Steps),
        Talk = state.Talk.Put(new Message { Id = $"{what}/{state.Steps}", Type = "ai", Content = what }),
        Longest = new Longest(Math.Max(state.Longest.Length, what.Length)),
        Before = $"{state.Steps}",
    };

    private static INodeDisturbance Enter(NodeContext node)
    {
        var disturbance = (INodeDisturbance)node.Services.GetService(typeof(INodeDisturbance))!;
        disturbance.Enter(node);
        return disturbance;
    }

    private static void Disturb(NodeContext node) => Enter(node).Fail(node);

    private void AddNode(GraphBuilder<SimulatedState> graph, string name, int index, Func<Node> next)
    {
        var retry = new NodeOptions { Retry = RetryPolicy.Default, Deferred = _random.Next(6) == 0 };
        switch (_random.Next(depth < MaxDepth ? 8 : 7))
        {
            case 0:
                graph.AddEdge(Add(retry), next());
                break;
            case 1:
                var choices = new[] { next(), next(), next() };
                graph.AddBranch(Add(retry), state => choices[state.Log.Count % 3], choices);
                break;
            case 2:
                var (left, right) = (next(), next());
                graph.AddBranch(
                    Add(retry), state => state.Log.Count % 2 == 0 ? new[] { left, right } : [Node.End], left, right, Node.End);
                break;
            case 3:
                var size = _random.Next(4);
                var item = AddItem(graph, $"{name}item");
                graph.AddFanOut(Add(retry), state => Enumerable.Range(0, (size + state.Log.Count) % 4), each: item, whenEmpty: next());
                graph.AddEdge(item, next());
                break;
            case 4:
                AddCommand(graph, name, retry, next);
                break;
            case 5:
                var ask = graph.AddNode(
                    name,
                    (state, node) =>
                    {
                        Disturb(node);
                        return Mark(state, $"{name}:{node.Interrupt<int>(name)}:{node.Interrupt<int>(name + "?")}");
                    },
                    retry);
                graph.AddEdge(ask, next());
                break;
            case 6:
                var rescue = graph.AddNode<NodeError>(
                    $"{name}rescue",
                    (state, error, node) =>
                    {
                        Disturb(node);
                        return Mark(state, $"rescue {error.Node} {error.Attempts}");
                    },
                    new NodeOptions { Retry = RetryPolicy.Default });
                graph.AddEdge(rescue, next());
                graph.AddEdge(
                    graph.AddNode(
                        name,
                        (state, node) =>
                        {
                            Enter(node);
                            throw new InvalidDataException(name);
                        },
                        retry with { OnError = rescue }),
                    next());
                break;
            default:
                var child = new RandomGraph(seed ^ (index + 1), depth + 1);
                graph.AddEdge(
                    graph.AddSubgraph(
                        name,
                        child,
                        parent => new SimulatedState { Steps = new SimulatedState().Steps + (parent.Steps % 5) },
                        (parent, inner) => Mark(parent, $"{name}[{string.Join(',', inner.Log)}]")),
                    next());
                break;
        }

        Node Add(NodeOptions options) => graph.AddNode(
            name,
            async (state, node) =>
            {
                await Task.Yield();
                Disturb(node);
                return Mark(state, name);
            },
            options);
    }

    private static Node<int> AddItem(GraphBuilder<SimulatedState> graph, string name) =>
        graph.AddNode<int>(
            name,
            (state, arg, node) =>
            {
                Disturb(node);
                return Mark(state, $"{name}{arg}");
            },
            new() { Retry = RetryPolicy.Default });

    private static void AddCommand(GraphBuilder<SimulatedState> graph, string name, NodeOptions options, Func<Node> next)
    {
        var item = AddItem(graph, $"{name}sent");
        var (one, two) = (next(), next());
        graph.AddEdge(item, two);
        graph.AddCommandNode(
            name,
            goesTo: [one, two, item],
            (state, node) =>
            {
                Disturb(node);
                var marked = Mark(state, name);
                return (state.Log.Count % 3) switch
                {
                    0 => marked.GoTo(one),
                    1 => marked.GoTo(two).SendTo(item.With(1)).SendTo(item.With(2)),
                    _ => marked,
                };
            },
            options);
    }
}

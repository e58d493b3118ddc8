using System.Collections.Immutable;
using System.Text.Json;

namespace OrleansRuns.Graphs;

/// <summary>What a node sees of its run. One instance serves one attempt of one task.</summary>
public abstract class NodeContext
{
    private readonly Lock _asking = new();
    private ImmutableArray<JsonElement> _answers = [];
    private Interrupt? _asked;
    private int _questions;

    /// <summary>Gets the id of the run.</summary>
    public required string RunId { get; init; }

    /// <summary>Gets the id of the thread.</summary>
    public required string ThreadId { get; init; }

    /// <summary>Gets the id of the checkpoint the task starts from.</summary>
    public required string CheckpointId { get; init; }

    /// <summary>Gets the namespace of the graph: empty for the run's own graph.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Gets the id of the task.</summary>
    public required string TaskId { get; init; }

    /// <summary>Gets the name of the node.</summary>
    public required string Node { get; init; }

    /// <summary>Gets the number of the superstep the task belongs to.</summary>
    public required int Step { get; init; }

    /// <summary>Gets the number of this attempt of the task, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>
    /// Gets a key that is the same for every execution of this task, before and after a retry, a crash or a hand-off: give it to
    /// outside services to make an effect happen once. Only a fork gives a new one.
    /// </summary>
    public required string IdempotencyKey { get; init; }

    /// <summary>Gets the services of the silo.</summary>
    public required IServiceProvider Services { get; init; }

    /// <summary>Gets the run's context as JSON.</summary>
    public JsonElement? RunContext { get; init; }

    /// <summary>Gets the answers given to this task's questions so far, in their order.</summary>
    public ImmutableArray<JsonElement> Answers
    {
        get => _answers;
        init => _answers = value;
    }

    /// <summary>Gets the token that is cancelled when the run or the attempt has to stop.</summary>
    public required CancellationToken CancellationToken { get; init; }

    /// <summary>Gets the question that waits; set even when the node's own code swallowed the interrupt.</summary>
    internal Interrupt? Asked
    {
        get
        {
            lock (_asking)
            {
                return _asked;
            }
        }
    }

    /// <summary>
    /// Asks the world outside and waits for the answer, for days if need be: the run ends as a success, its thread shows as interrupted,
    /// and a later run that brings the answer goes on.
    /// </summary>
    /// <typeparam name="TAnswer">The answer's type; its schema goes out with the question.</typeparam>
    /// <param name="question">What the asker shows; serialised at once.</param>
    /// <returns>The answer. By then the node has run again from its start: what comes before the question should bear repetition.</returns>
    /// <remarks>
    /// As long as there is no answer it leaves the node by an exception, which the node must let pass: the question stands whatever is made
    /// of it, and what the node returns is discarded. Answers are matched by position: ask the same questions in the same order in every
    /// execution of the task. An answer that fits the schema and still cannot be read as <typeparamref name="TAnswer"/> is dropped, and
    /// asked for again.
    /// </remarks>
    public TAnswer Interrupt<TAnswer>(object? question)
    {
        lock (_asking)
        {
            var index = _questions++;
            if (_asked is null && index < _answers.Length && TryRead<TAnswer>(_answers[index], out var answer))
            {
                return answer;
            }

            _answers = _asked is null && index < _answers.Length ? _answers[..index] : _answers;
            _asked ??= new()
            {
                Id = StableId.ForInterrupt(Namespace, TaskId, index),
                Node = NodePath(),
                Value = QuestionJson.Write(question, $"question {index + 1} of node '{Node}'"),
                AnswerSchema = AnswerCheck.SchemaOf<TAnswer>(),
            };
        }

        throw new GraphInterruptException(Node);
    }

    /// <summary>Reads the run's context.</summary>
    /// <typeparam name="T">The context's type.</typeparam>
    /// <returns>The context the run was started with.</returns>
    /// <exception cref="GraphInputException">The run has no context, or it cannot be read as <typeparamref name="T"/>.</exception>
    public T Context<T>() => RunContext is { } context
        ? StrictJson.Read<T>(context, "the run's context")
        : throw new GraphInputException($"Node '{Node}' reads the run's context, but the run was started without one.");

    /// <summary>Sends a value of the author's own to the readers of the run's events (kind "custom").</summary>
    /// <param name="value">The value; serialised at once.</param>
    public abstract void Emit<T>(T value);

    /// <summary>Sends a piece of a message to the readers of the run's events (kind "messages").</summary>
    /// <param name="id">The id of the message the piece belongs to.</param>
    /// <param name="chunk">The text to append.</param>
    public abstract void EmitMessage(string id, string chunk);

    /// <summary>Says that the node is alive: restarts its <see cref="NodeOptions.IdleTimeout"/>.</summary>
    public abstract void Heartbeat();

    private bool TryRead<TAnswer>(JsonElement given, out TAnswer answer)
    {
        try
        {
            answer = StrictJson.ReadAny<TAnswer>(given, $"an answer to node '{Node}'");
            return true;
        }
        catch (GraphInputException)
        {
            answer = default!;
            return false;
        }
    }

    // Task ids say nothing to who answers: "review:018f…|check:77aa…" and node "ask" become "review|check|ask".
    private string NodePath() => string.Join('|', [.. CheckpointNamespace.NodesOf(Namespace), Node]);
}

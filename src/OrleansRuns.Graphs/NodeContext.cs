using System.Collections.Immutable;
using System.Text.Json;

namespace OrleansRuns.Graphs;

/// <summary>What a node sees of its run. One instance serves one attempt of one task.</summary>
public abstract class NodeContext
{
    private ImmutableArray<JsonElement> _answers = [];

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

    /// <summary>Sends a value of the author's own to the readers of the run's events (mode "custom").</summary>
    /// <param name="value">The value; serialised at once.</param>
    public abstract void Emit<T>(T value);

    /// <summary>Sends a piece of a message to the readers of the run's events (mode "messages").</summary>
    /// <param name="id">The id of the message the piece belongs to.</param>
    /// <param name="chunk">The text to append.</param>
    public abstract void EmitMessage(string id, string chunk);

    /// <summary>Says that the node is alive: restarts its <see cref="NodeOptions.IdleTimeout"/>.</summary>
    public abstract void Heartbeat();
}

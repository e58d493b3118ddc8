using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansRuns.Graphs;

/// <summary>What one task has produced so far: the pending writes of a superstep that is still running.</summary>
/// <remarks>
/// Stored as it stands, read back and only then folded: what runs is what resumes. A task is finished when <see cref="Finished"/> is
/// set; an interrupted task is not finished and runs again from its start once it was answered.
/// </remarks>
public sealed record TaskWrites
{
    /// <summary>Gets the id of the task (see <see cref="GraphTask.Id"/>).</summary>
    public required string TaskId { get; init; }

    /// <summary>Gets the name of the node that ran.</summary>
    public required string Node { get; init; }

    /// <summary>Gets whether the task is done and must not run again.</summary>
    public bool Finished { get; init; }

    /// <summary>Gets the task deltas by channel as a JSON object; <see langword="null"/> when the task wrote nothing.</summary>
    public JsonElement? Update { get; init; }

    /// <summary>
    /// Gets the kind of each channel of <see cref="Update"/>, so that a property that became another kind cannot reinterpret what was
    /// written; <see langword="null"/> when the task wrote nothing, and in what a program stored that did not record it yet.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Kinds { get; init; }

    /// <summary>Gets the task deltas of untracked channels, which this process folds and nobody stores or is told.</summary>
    [JsonIgnore]
    public JsonElement? Untracked { get; init; }

    /// <summary>Gets the tasks that branches, fan-outs and commands chose; plain edges are not among them.</summary>
    public ImmutableArray<PlannedTask> Goto { get; init; } = [];

    /// <summary>Gets the questions that wait for an answer; empty unless the task is interrupted.</summary>
    public ImmutableArray<Interrupt> Interrupts { get; init; } = [];

    /// <summary>Gets the answers given to the task so far, in the order of its questions.</summary>
    public ImmutableArray<JsonElement> Answers { get; init; } = [];

    /// <summary>
    /// Gets the error the task ended with after its last retry; set together with <see cref="Finished"/> when a handler takes over.
    /// </summary>
    public NodeError? Error { get; init; }
}

/// <summary>A question a node asked of the world outside; the thread waits for its answer.</summary>
public sealed record Interrupt
{
    /// <summary>Gets the id of the question: stable for the task and the question's place in it.</summary>
    public required string Id { get; init; }

    /// <summary>Gets the name of the node that asks, with the names of its subgraphs in front, separated by '|'.</summary>
    public required string Node { get; init; }

    /// <summary>Gets the question as JSON.</summary>
    public required JsonElement Value { get; init; }

    /// <summary>Gets the JSON schema of the answer.</summary>
    public JsonElement? AnswerSchema { get; init; }
}

/// <summary>The error a node ended with after its last retry.</summary>
public sealed record NodeError
{
    /// <summary>Gets the name of the failed node.</summary>
    public required string Node { get; init; }

    /// <summary>Gets the full name of the exception's type; of a subgraph that failed, why: "node_error", "recursion_limit".</summary>
    public required string Type { get; init; }

    /// <summary>Gets the exception's message.</summary>
    public required string Message { get; init; }

    /// <summary>Gets how often the node was tried, from 1.</summary>
    public int Attempts { get; init; } = 1;
}

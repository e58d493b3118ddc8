using System.Text.Json;

namespace OrleansRuns.Abstractions;

/// <summary>A handle to a thread.</summary>
/// <remarks>
/// A call that meets a silo in transition, or a database that does not answer, is made again for about half a minute, and nothing is done
/// twice by it. Then its error travels, such as a <see cref="RunStoreUnavailableException"/>. What was asked may have been done by then:
/// who wants to make the call once more gives it a run id, an idempotency key or an edit id of his own.
/// </remarks>
public sealed class RunThread
{
    private readonly IGrainFactory _grains;

    internal RunThread(IGrainFactory grains, string id)
    {
        _grains = grains;
        Id = id;
    }

    /// <summary>Gets the thread's id.</summary>
    public string Id { get; }

    private IThreadGrain Grain => _grains.GetGrain<IThreadGrain>(Id);

    /// <summary>Starts a run.</summary>
    /// <param name="graph">The name of the graph.</param>
    /// <param name="input">The input; serialised as JSON with web defaults.</param>
    /// <param name="cancellationToken">Cancels the call, never the run.</param>
    /// <returns>The handle of the durable run.</returns>
    /// <inheritdoc cref="IThreadGrain.StartRunAsync" path="/exception"/>
    public Task<RunHandle> StartAsync<TInput>(string graph, TInput input, CancellationToken cancellationToken = default) =>
        StartAsync(graph, input, MultitaskStrategy.Reject, cancellationToken);

    /// <summary>Starts a run that may find others on the thread.</summary>
    /// <param name="graph">The name of the graph.</param>
    /// <param name="input">The input; serialised as JSON with web defaults.</param>
    /// <param name="strategy">What becomes of the run when others of the thread are not final.</param>
    /// <param name="cancellationToken">Cancels the call, never the run.</param>
    /// <returns>The handle of the durable run.</returns>
    /// <inheritdoc cref="IThreadGrain.StartRunAsync" path="/exception"/>
    public Task<RunHandle> StartAsync<TInput>(
        string graph, TInput input, MultitaskStrategy strategy, CancellationToken cancellationToken = default) =>
        StartAsync(
            new StartRunRequest
            {
                RunId = Guid.CreateVersion7().ToString(),
                Graph = graph,
                Strategy = strategy,
                Input = JsonSerializer.Serialize(input, JsonSerializerOptions.Web),
            },
            cancellationToken);

    /// <summary>Answers the thread's pending question and goes on.</summary>
    /// <param name="graph">The name of the graph.</param>
    /// <param name="answer">The answer; serialised as JSON with web defaults.</param>
    /// <param name="cancellationToken">Cancels the call, never the run.</param>
    /// <returns>The handle of the durable run.</returns>
    /// <inheritdoc cref="IThreadGrain.StartRunAsync" path="/exception"/>
    public Task<RunHandle> ResumeAsync<TAnswer>(string graph, TAnswer answer, CancellationToken cancellationToken = default) =>
        StartAsync(
            new StartRunRequest
            {
                RunId = Guid.CreateVersion7().ToString(),
                Graph = graph,
                Resume = JsonSerializer.Serialize(answer, JsonSerializerOptions.Web),
            },
            cancellationToken);

    /// <summary>Starts a run. The call may be repeated with the same request.</summary>
    /// <param name="request">What to do.</param>
    /// <param name="cancellationToken">Cancels the call, never the run.</param>
    /// <returns>The handle of the durable run.</returns>
    /// <inheritdoc cref="IThreadGrain.StartRunAsync" path="/exception"/>
    public async Task<RunHandle> StartAsync(StartRunRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var run = await Transitions.RetryAsync(token => Grain.StartRunAsync(request, token), cancellationToken);
        return new RunHandle(_grains, run.RunId);
    }

    /// <inheritdoc cref="IThreadGrain.GetStateAsync"/>
    public Task<ThreadSnapshot> GetStateAsync(string? checkpointId = null, CancellationToken cancellationToken = default) =>
        Transitions.RetryAsync(token => Grain.GetStateAsync(checkpointId, token), cancellationToken);

    /// <inheritdoc cref="IThreadGrain.GetHistoryAsync"/>
    public Task<IReadOnlyList<ThreadSnapshot>> GetHistoryAsync(
        string? before = null, int limit = 10, CancellationToken cancellationToken = default) =>
        Transitions.RetryAsync(token => Grain.GetHistoryAsync(before, limit, token), cancellationToken);

    /// <inheritdoc cref="IThreadGrain.GetRunsAsync"/>
    public Task<IReadOnlyList<RunSnapshot>> GetRunsAsync(int limit = 10, CancellationToken cancellationToken = default) =>
        Transitions.RetryAsync(token => Grain.GetRunsAsync(limit, token), cancellationToken);

    /// <inheritdoc cref="IThreadGrain.UpdateStateAsync"/>
    public Task<ThreadSnapshot> UpdateStateAsync(UpdateStateRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var edit = request with { EditId = request.EditId ?? NewEditId() };
        return Transitions.RetryAsync(token => Grain.UpdateStateAsync(edit, token), cancellationToken);
    }

    /// <summary>Appends a copy of an earlier checkpoint, so that the next run goes on from there.</summary>
    /// <param name="checkpointId">The checkpoint to copy.</param>
    /// <param name="cancellationToken">Cancels the call before the checkpoint is written.</param>
    /// <returns>The state at the copy.</returns>
    /// <exception cref="ThreadNotFoundException">There is no such thread.</exception>
    /// <exception cref="CheckpointNotFoundException">The thread has no such checkpoint.</exception>
    /// <exception cref="InvalidRunRequestException">The state is too large; nothing was changed.</exception>
    /// <exception cref="ThreadBusyException">A run or an edit holds the thread.</exception>
    /// <exception cref="GraphNotFoundException">No silo has the thread's graph.</exception>
    /// <exception cref="ArgumentException">The checkpoint's id is empty.</exception>
    /// <exception cref="InvalidDataException">The thread's log is damaged, or its state does not fit the graph.</exception>
    public Task<ThreadSnapshot> ForkAsync(string checkpointId, CancellationToken cancellationToken = default)
    {
        var editId = NewEditId();
        return Transitions.RetryAsync(token => Grain.ForkAsync(checkpointId, editId, token), cancellationToken);
    }

    /// <inheritdoc cref="IThreadGrain.UpdateMetadataAsync"/>
    public Task<string> UpdateMetadataAsync(string metadata, CancellationToken cancellationToken = default) =>
        Transitions.RetryAsync(token => Grain.UpdateMetadataAsync(metadata, token), cancellationToken);

    private static string NewEditId() => Guid.CreateVersion7().ToString();
}

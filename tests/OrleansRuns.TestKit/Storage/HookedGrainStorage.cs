using Orleans.Storage;

namespace OrleansRuns.TestKit;

/// <summary>Grain storage that lets a test come before or after a write: to make it fail, or to lose its answer.</summary>
/// <param name="inner">The storage behind it.</param>
public sealed class HookedGrainStorage(IGrainStorage inner) : IGrainStorage
{
    /// <summary>Gets or sets what happens before a write; what it throws is what the writer sees.</summary>
    public Func<Task> Before { get; set; } = () => Task.CompletedTask;

    /// <summary>Gets or sets what happens after a write was applied; what it throws is what the writer sees.</summary>
    public Func<Task> After { get; set; } = () => Task.CompletedTask;

    /// <inheritdoc/>
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        inner.ReadStateAsync(stateName, grainId, grainState);

    /// <inheritdoc/>
    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await Before();
        await inner.WriteStateAsync(stateName, grainId, grainState);
        await After();
    }

    /// <inheritdoc/>
    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        inner.ClearStateAsync(stateName, grainId, grainState);
}

using Orleans.CodeGeneration;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>The desk of one silo for operators. The grain key is the silo's address; calls say by a hint that it belongs there.</summary>
/// <remarks>Every call fails with <see cref="SiloNotFoundException"/> when the silo is not there any more.</remarks>
[Alias("OrleansRuns.ISiloGrain"), GrainInterfaceType("silo"), Version(1)]
internal interface ISiloGrain : IGrainWithStringKey
{
    /// <summary>Tells how the silo is.</summary>
    [Alias("GetAsync")]
    Task<SiloState> GetAsync();

    /// <summary>Closes the gate and tells the other silos.</summary>
    [Alias("CordonAsync")]
    Task<SiloState> CordonAsync();

    /// <summary>Opens the gate and tells the other silos.</summary>
    [Alias("UncordonAsync")]
    Task<SiloState> UncordonAsync();

    /// <summary>Begins a drain, or joins the one there is, and waits for it.</summary>
    [Alias("DrainAsync")]
    Task<DrainReport?> DrainAsync(string drainId, TimeSpan timeout);

    /// <summary>Learns which silos are cordoned.</summary>
    [Alias("RefreshAsync")]
    Task RefreshAsync();
}

/// <summary>What a silo tells of itself.</summary>
[GenerateSerializer, Immutable, Alias("OrleansRuns.SiloState")]
internal readonly record struct SiloState(
    [property: Id(0)] bool IsCordoned, [property: Id(1)] bool IsDraining, [property: Id(2)] DrainForecast Forecast);

using Orleans.CodeGeneration;

namespace OrleansRuns.Abstractions;

/// <summary>Lists the silos that execute runs, and takes them out of service and back. The grain key is 0.</summary>
/// <remarks>
/// A silo is named as <see cref="SiloSnapshot.Silo"/> names it, or without its generation, such as "10.0.0.1:11111".
/// Everything here may be asked again: it then changes nothing more. Every call may fail with a <see cref="RunStoreUnavailableException"/>
/// while the database does not answer.
/// </remarks>
[Alias("OrleansRuns.ISilosGrain"), GrainInterfaceType("silos"), Version(1)]
public interface ISilosGrain : IGrainWithIntegerKey
{
    /// <summary>Lists the silos of the cluster that execute runs and are not dead, by address.</summary>
    /// <param name="cancellationToken">Cancels the call.</param>
    [Alias("ListAsync")]
    Task<IReadOnlyList<SiloSnapshot>> ListAsync(CancellationToken cancellationToken = default);

    /// <summary>Lets no further run begin on a silo. When the task completes, none does.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="SiloNotFoundException">No active silo has this name.</exception>
    [Alias("CordonAsync")]
    Task<SiloSnapshot> CordonAsync(string silo, CancellationToken cancellationToken = default);

    /// <summary>Lets runs begin on a silo again.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="SiloNotFoundException">No active silo has this name.</exception>
    /// <exception cref="SiloDrainingException">The silo is being drained.</exception>
    [Alias("UncordonAsync")]
    Task<SiloSnapshot> UncordonAsync(string silo, CancellationToken cancellationToken = default);

    /// <summary>Cordons a silo and drains it, as its stop would. It stays up and cordoned.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="drainId">An id of the caller's: asked again with it, the same drain answers.</param>
    /// <param name="timeout">How long to wait for its end, zero to 20 seconds.</param>
    /// <param name="cancellationToken">Cancels the call and not the drain.</param>
    /// <returns>What became of the runs, or <see langword="null"/> when the drain is still under way.</returns>
    /// <exception cref="ArgumentException">The drain's id is empty.</exception>
    /// <exception cref="SiloNotFoundException">No active silo has this name.</exception>
    [Alias("DrainAsync")]
    Task<DrainReport?> DrainAsync(string silo, string drainId, TimeSpan timeout, CancellationToken cancellationToken = default);
}

/// <summary>No active silo that executes runs has this name.</summary>
/// <param name="silo">The name that was asked for.</param>
/// <param name="known">The silos there are.</param>
[GenerateSerializer, Alias("OrleansRuns.SiloNotFoundException")]
public sealed class SiloNotFoundException(string silo, IEnumerable<string> known)
    : RunException(
        $"There is no active silo '{silo}' that executes runs. Name one of these: "
        + $"{string.Join(", ", known.Order(StringComparer.Ordinal))}.");

/// <summary>The silo is being drained, and its cordon cannot be undone before that has ended.</summary>
/// <param name="silo">The silo.</param>
[GenerateSerializer, Alias("OrleansRuns.SiloDrainingException")]
public sealed class SiloDrainingException(string silo)
    : RunException($"Silo '{silo}' is being drained or stops. Undo its cordon when the drain has ended.");

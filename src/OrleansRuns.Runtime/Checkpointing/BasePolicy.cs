namespace OrleansRuns.Runtime;

/// <summary>When an entry becomes a base. Pure.</summary>
/// <remarks>
/// A base is due when the entries after the last one have grown to its size: reading any checkpoint then costs at most about twice its
/// size, and all bases together at most about what the entries did. A small state gets one every 64 entries all the same, so that a
/// line stays short; a large, unchanged one does not, or it would be written again and again.
/// </remarks>
internal static class BasePolicy
{
    internal const int MaxEntries = 64;
    internal const int SmallBytes = 16 * 1024;

    internal static bool IsDue(LogView view) =>
        view.NextPosition == 0
        || view.BytesSinceBase >= Math.Max(view.BaseBytes, SmallBytes)
        || (view.EntriesSinceBase >= MaxEntries && view.BaseBytes <= SmallBytes);
}

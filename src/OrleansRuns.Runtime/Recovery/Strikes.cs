using System.Collections.Immutable;

namespace OrleansRuns.Runtime;

/// <summary>How often a run has taken its silo down with it, as its log tells it. Pure.</summary>
/// <remarks>
/// A claim finds a strike when the claim before it was another silo's and the run has neither ended nor been stopped since: that silo
/// died. A checkpoint or a finished task in between clears the run. What a strike proves is little, because every run on a silo dies
/// with it: that is why a run's last attempt is made alone.
/// </remarks>
/// <param name="LostOwners">The silos that died under the run since it last got on, oldest first.</param>
/// <param name="WasAlone">Whether the run was alone on the last of them.</param>
/// <param name="Unlogged">How many attempts in a row have not even reached the log.</param>
internal sealed record Strikes(ImmutableArray<string> LostOwners, bool WasAlone, int Unlogged)
{
    /// <summary>How many times the limit a run gets that dies again and again without having been alone, or before its claim.</summary>
    private const int Patience = 3;

    /// <param name="view">The log.</param>
    /// <param name="row">The run, claimed for the attempt that is to begin.</param>
    /// <param name="retries">How many attempts right before it this silo has made and given up itself, for the database's sake.</param>
    internal static Strikes Of(LogView view, RunRow row, int retries = 0)
    {
        if (view.Claim is not { } claim || view.ClaimedBy != row.RunId)
        {
            return new Strikes([], WasAlone: false, row.Attempt - 1 - retries);
        }

        // A new claim clears the end: what is there now is how the last attempt was stopped in good order.
        var hasDied = view.End is null && claim.Owner != row.Owner;
        var known = view.HasProgressed ? null : claim.Suspicion;
        var lost = known?.LostOwners ?? [];
        return new Strikes(
            hasDied ? lost.Add(claim.Owner) : lost, hasDied && known?.IsAlone == true, row.Attempt - view.ClaimedAttempt - 1 - retries);
    }

    /// <summary>Tells whether the next death may be the run's last, so that it must be nobody else's doing.</summary>
    internal bool IsSuspect(int maxAttempts) => LostOwners.Length > 0 && LostOwners.Length >= maxAttempts - 1;

    /// <summary>Explains why the run gets no further attempt.</summary>
    /// <returns>The error, or <see langword="null"/> when it gets one.</returns>
    internal string? ErrorAfter(int maxAttempts)
    {
        if (Unlogged >= maxAttempts * Patience * Patience)
        {
            return $"The run was given up: {Unlogged} attempts in a row ended before they reached its log. Look at the silos' logs for "
                + "what ends them, then start it again.";
        }

        var isProven = maxAttempts == 1 || WasAlone || LostOwners.Length >= maxAttempts * Patience;
        return LostOwners.Length >= maxAttempts && isProven
            ? $"The run was given up: its silo died {LostOwners.Length} time(s) without a new checkpoint in between, on "
                + $"{string.Join(", ", LostOwners)}. Look at the planned nodes for what ends the process; the state is untouched, and "
                + "the thread can go on after a fix."
            : null;
    }
}

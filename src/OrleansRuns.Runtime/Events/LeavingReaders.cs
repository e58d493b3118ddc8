namespace OrleansRuns.Runtime;

/// <summary>Notices when a reader that the run is not to outlive goes away before the end, and stays away.</summary>
/// <remarks>
/// Lives on its grain's scheduler. What it knows ends with the activation: when the run moves, the reader subscribes again elsewhere, and
/// one that never does leaves the run alone.
/// </remarks>
internal sealed class LeavingReaders(TimeSpan grace, TimeProvider time, Func<string, Task> leave)
{
    private readonly Dictionary<string, int> _present = new(StringComparer.Ordinal);

    /// <summary>Notes that a reader has subscribed.</summary>
    /// <param name="readerId">The reader; <see langword="null"/> for one that may go as it likes.</param>
    internal Reading Enter(string? readerId)
    {
        if (readerId is not null)
        {
            _present[readerId] = _present.GetValueOrDefault(readerId) + 1;
        }

        return new Reading(this, readerId);
    }

    private async Task LeaveAsync(string readerId, bool hasEnded)
    {
        if (--_present[readerId] == 0 && !hasEnded)
        {
            await Task.Delay(grace, time);
        }

        if (_present.GetValueOrDefault(readerId) == 0 && _present.Remove(readerId) && !hasEnded)
        {
            await leave(readerId);
        }
    }

    /// <summary>One subscription of a reader.</summary>
    internal sealed class Reading(LeavingReaders readers, string? readerId) : IDisposable
    {
        private bool _hasEnded;

        /// <summary>Notes that it was not the reader who ended it.</summary>
        internal void HasEnded() => _hasEnded = true;

        public void Dispose()
        {
            if (readerId is not null)
            {
                _ = readers.LeaveAsync(readerId, _hasEnded);
            }
        }
    }
}

namespace OrleansRuns.Runtime;

/// <summary>Notices when a reader that its run is not to outlive has stopped renewing its lease.</summary>
/// <remarks>
/// Lives on its grain's scheduler. What it knows ends with the activation: when the run moves, the reader renews its lease elsewhere, where
/// it is expected for a while (<see cref="RunEventsOptions.ReaderGrace"/>).
/// </remarks>
internal sealed class ReaderLeases(TimeProvider time, Func<string, Task> end)
{
    private readonly Dictionary<string, long> _renewals = new(StringComparer.Ordinal);
    private long _newest;

    /// <summary>Tells whether a reader has a lease here.</summary>
    internal bool Knows(string readerId) => _renewals.ContainsKey(readerId);

    /// <summary>Begins, renews or ends a lease.</summary>
    /// <param name="readerId">The reader.</param>
    /// <param name="lease">How long it is kept without being renewed; zero or less ends it now.</param>
    internal Task RenewAsync(string readerId, TimeSpan lease)
    {
        var renewal = ++_newest;
        _renewals[readerId] = renewal;
        if (lease <= TimeSpan.Zero)
        {
            return EndAsync(readerId);
        }

        _ = ExpireAsync(readerId, renewal, lease);
        return Task.CompletedTask;
    }

    private async Task ExpireAsync(string readerId, long renewal, TimeSpan lease)
    {
        await Task.Delay(lease, time);
        if (_renewals.GetValueOrDefault(readerId) == renewal)
        {
            await EndAsync(readerId);
        }
    }

    private Task EndAsync(string readerId)
    {
        _renewals.Remove(readerId);
        return end(readerId);
    }
}

namespace OrleansRuns.Abstractions;

/// <summary>Tells a run again and again that its reader is there, and at the end that it is gone.</summary>
internal sealed class ReaderLease : IAsyncDisposable
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _ended = new();
    private readonly string _readerId = Guid.NewGuid().ToString();
    private readonly IRunGrain _run;
    private Task _renewing = Task.CompletedTask;

    private ReaderLease(IRunGrain run) => _run = run;

    internal static async Task<ReaderLease> BeginAsync(IRunGrain run, CancellationToken cancellationToken)
    {
        var lease = new ReaderLease(run);
        await lease.AttendAsync(Lease, cancellationToken);
        lease._renewing = lease.RenewAsync(lease._ended.Token);
        return lease;
    }

    /// <summary>Ends the lease, and with it a run that has not ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        try
        {
            await _renewing;
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            // It was asleep until the next renewal.
            _renewing = Task.CompletedTask;
        }

        _ended.Dispose();
        await AttendAsync(TimeSpan.Zero, CancellationToken.None);
    }

    private async Task RenewAsync(CancellationToken ended)
    {
        do
        {
            await Task.Delay(Period, TimeProvider.System, ended);
        }
        while (!(await AttendAsync(Lease, ended)).IsFinal);
    }

    private Task<RunSnapshot> AttendAsync(TimeSpan lease, CancellationToken cancellationToken) =>
        Transitions.RetryAsync(token => _run.AttendAsync(_readerId, lease, token), cancellationToken);
}

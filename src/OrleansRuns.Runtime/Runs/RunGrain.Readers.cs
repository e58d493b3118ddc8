using System.Runtime.CompilerServices;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

internal sealed partial class RunGrain
{
    private static readonly TimeSpan MaxLease = TimeSpan.FromMinutes(10);

    private ReaderLeases? _leases;

    public IAsyncEnumerable<RunEvent> ReadEventsAsync(
        long after, IReadOnlyList<string>? kinds, CancellationToken cancellationToken) =>
        StoreFailures.ToldAsync(ReadAsync(after, kinds, cancellationToken), cancellationToken);

    private async IAsyncEnumerable<RunEvent> ReadAsync(
        long after, IReadOnlyList<string>? kinds, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var filter = new RunEventFilter(kinds);
        var row = await GoOnAsync(cancellationToken);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stopping = lifetime.ApplicationStopping.Register(() => release.TrySetResult());
        if (!row.IsFinal)
        {
            await WaitForBeginAsync(Task.WhenAny(release.Task, Task.Delay(MaxWait, time, cancellationToken)));
            row = _final ?? row;
        }

        var buffer = _keeper?.Events ?? RunEventBuffer.Closed(row.IsFinal ? row.ToSnapshot() : null);
        await foreach (var @event in reader.ReadAsync(row, buffer, after, filter, release.Task, cancellationToken))
        {
            yield return @event;
        }
    }

    public async Task<RunSnapshot> AttendAsync(string readerId, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(readerId);
        var row = await GoOnAsync(cancellationToken);
        if (row.IsFinal)
        {
            return row.ToSnapshot();
        }

        if (!Leases.Knows(readerId) && row.Reader != readerId)
        {
            // Before the reader is told that the run will not outlive it: the silo may die with it.
            await catalog.AttendAsync(RunId, readerId, cancellationToken);
        }

        await Leases.RenewAsync(readerId, lease > MaxLease ? MaxLease : lease);
        return (_keeper?.Row ?? row).ToSnapshot();
    }

    private ReaderLeases Leases => _leases ??= new ReaderLeases(time, CancelWithReaderAsync);

    /// <summary>Gives the reader of a run that begins or goes on here the time to say that it is still there.</summary>
    private void ExpectReader(RunRow row)
    {
        if (row is { IsFinal: false, CancelAction: null, Reader: { } reader } && !Leases.Knows(reader))
        {
            _ = Leases.RenewAsync(reader, events.Value.ReaderGrace);
        }
    }

    private async Task CancelWithReaderAsync(string readerId)
    {
        for (var failures = 1; IsToEnd(); failures++)
        {
            try
            {
                LogReaderGone(logger, RunId, readerId);
                await CancelAsync(CancelAction.Interrupt, CancellationToken.None);
                return;
            }
            catch (Exception exception)
            {
                LogNotCancelledWithReader(logger, exception, RunId, readerId, Persistence.DelayAfter(failures));
                await Task.Delay(Persistence.DelayAfter(failures), time);
            }
        }

        // A run that moves takes its readers along: they renew their leases where it goes on. One that waits has nobody who keeps it yet.
        bool IsToEnd() =>
            !_isDeactivating
            && !lifetime.ApplicationStopping.IsCancellationRequested
            && (_keeper is { } keeper ? !keeper.Completion.IsCompleted : _final is null);
    }
}

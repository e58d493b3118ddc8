using System.Runtime.CompilerServices;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

internal sealed partial class RunGrain
{
    private LeavingReaders? _leaving;

    private LeavingReaders Leaving => _leaving ??= new(events.Value.DisconnectGrace, time, CancelWithReaderAsync);

    public async IAsyncEnumerable<RunEvent> ReadEventsAsync(
        long after, RunEventSubscription? subscription, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var filter = new RunEventFilter(subscription?.Kinds);
        var row = await GoOnAsync(cancellationToken);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stopping = lifetime.ApplicationStopping.Register(() => release.TrySetResult());
        var buffer = _keeper?.Events ?? RunEventBuffer.Closed(row.IsFinal ? row.ToSnapshot() : null);
        using var reading = Leaving.Enter(subscription?.CancelWithReader);
        await foreach (var @event in reader.ReadAsync(row, buffer, after, filter, release.Task, cancellationToken))
        {
            if (@event.Kind == RunEventKinds.End)
            {
                reading.HasEnded();
            }

            yield return @event;
        }

        // Only a reader that goes away by itself does not come to here.
        reading.HasEnded();
    }

    private async Task CancelWithReaderAsync(string readerId)
    {
        for (var failures = 0; IsActive(); failures++)
        {
            try
            {
                LogReaderGone(logger, RunId, readerId);
                await CancelAsync(CancelAction.Interrupt, CancellationToken.None);
                return;
            }
            catch (Exception exception) when (Persistence.IsTransient(exception))
            {
                var delay = Persistence.DelayAfter(failures + 1);
                LogNotCancelledWithReader(logger, exception, RunId, readerId, delay);
                await Task.Delay(delay, time);
            }
        }

        // A run that moves takes its readers along: they subscribe again where it goes on.
        bool IsActive() =>
            !_isDeactivating && !lifetime.ApplicationStopping.IsCancellationRequested && _keeper is { Completion.IsCompleted: false };
    }
}

using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime;

/// <summary>Counts the runs that are executed on this silo and keeps them to the limit.</summary>
internal sealed class ActiveRuns(IOptions<RunsOptions> options)
{
    private readonly Lock _lock = new();
    private int _count;
    private int _asked;
    private TaskCompletionSource _refused = New();
    private TaskCompletionSource? _room;

    /// <summary>Tells whether there is room to ask a pending run to begin here, beside those that are asked already.</summary>
    /// <remarks>It keeps none out: a run that comes by itself meanwhile may take the room.</remarks>
    internal bool TryAsk()
    {
        lock (_lock)
        {
            if (_count + _asked >= options.Value.MaxActiveRuns)
            {
                return false;
            }

            _asked++;
            return true;
        }
    }

    /// <summary>Notes that a run has answered: it has been taken in, or there is room for another.</summary>
    internal void Answered()
    {
        lock (_lock)
        {
            _asked--;
            TellRoom();
        }
    }

    /// <summary>Takes a run in. What has begun before is always taken: it goes on from a silo that died or stopped.</summary>
    /// <returns>Whether it may begin here now.</returns>
    internal bool TryEnter(RunRow run)
    {
        lock (_lock)
        {
            if (run.Attempt == 0 && run.CancelAction is null && _count >= options.Value.MaxActiveRuns)
            {
                _refused.TrySetResult();
                return false;
            }

            _count++;
            return true;
        }
    }

    /// <summary>Lets a run go that was taken in.</summary>
    internal void Exit()
    {
        lock (_lock)
        {
            _count--;
            TellRoom();
        }
    }

    /// <summary>Gets a task that completes when there may be room again.</summary>
    internal Task NextRoom()
    {
        lock (_lock)
        {
            return (_room ??= New()).Task;
        }
    }

    /// <summary>Gets a task that completes when the next run is refused, or was since the last call.</summary>
    internal Task NextRefusal()
    {
        lock (_lock)
        {
            var refused = _refused;
            _refused = refused.Task.IsCompleted ? New() : refused;
            return refused.Task;
        }
    }

    private void TellRoom()
    {
        _room?.TrySetResult();
        _room = null;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

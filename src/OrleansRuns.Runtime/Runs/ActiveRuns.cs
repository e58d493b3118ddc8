using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime;

/// <summary>Counts the runs that are executed on this silo and keeps them to the limit.</summary>
internal sealed class ActiveRuns(IOptions<RunsOptions> options)
{
    private readonly Lock _lock = new();
    private int _count;
    private TaskCompletionSource _refused = New();
    private TaskCompletionSource? _ended;

    /// <summary>Gets whether a pending run may begin here.</summary>
    internal bool HasRoom
    {
        get
        {
            lock (_lock)
            {
                return _count < options.Value.MaxActiveRuns;
            }
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
            _ended?.TrySetResult();
            _ended = null;
        }
    }

    /// <summary>Gets a task that completes when the next run is let go.</summary>
    internal Task NextExit()
    {
        lock (_lock)
        {
            return (_ended ??= New()).Task;
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

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

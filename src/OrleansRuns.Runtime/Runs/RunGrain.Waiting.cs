namespace OrleansRuns.Runtime;

/// <summary>Keeps calls waiting until the run begins here, and gives up an activation that nobody waits for.</summary>
internal sealed partial class RunGrain
{
    private TaskCompletionSource _begun = New();
    private int _waiting;

    /// <summary>Waits until the run has begun or ended here, or need not be waited for here any more.</summary>
    private async Task WaitForBeginAsync(Task isOver)
    {
        if (_isMoving)
        {
            // It moves when nobody is left here, and begins where it goes.
            return;
        }

        _waiting++;
        await Task.WhenAny(_begun.Task, isOver);
        if (--_waiting == 0 && _keeper is null && _final is null)
        {
            LetGo();
        }
    }

    private void EndWith(RunRow row)
    {
        _final = row;
        _begun.TrySetResult();
    }

    /// <summary>Gives up an activation that has nothing to do.</summary>
    private void LetGo()
    {
        if (_waiting == 0 && !_isMoving)
        {
            DeactivateOnIdle();
            return;
        }

        _begun.TrySetResult();
        _begun = New();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

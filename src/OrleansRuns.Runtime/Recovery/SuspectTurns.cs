using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime;

/// <summary>
/// Lets the attempts of runs on this silo begin: all beside each other, but a suspect alone. While one waits for its turn or has it, no
/// other attempt begins here, so that a death in a turn was the suspect's doing.
/// </summary>
/// <remarks>
/// One silo is enough: a node that ends its process ends the runs of that process, and those of no other silo. A run that waits here has
/// not claimed its log yet, so that it gets no strike when the silo dies. Waiting is bounded: a run that others wait for may itself wait
/// for one of them.
/// </remarks>
internal sealed class SuspectTurns(IOptions<RunRecoveryOptions> options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly List<SuspectTurn> _suspects = [];
    private readonly List<SuspectTurn> _others = [];
    private SuspectTurn? _alone;
    private long _handedOver = time.GetTimestamp();
    private int _beside;

    internal int MaxAttempts => options.Value.MaxAttempts;

    /// <summary>Waits until an attempt may begin.</summary>
    /// <param name="strikes">What its run is suspected of.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The turn; it is over when it is disposed of.</returns>
    internal async Task<SuspectTurn> EnterAsync(Strikes strikes, CancellationToken cancellationToken)
    {
        var turn = new SuspectTurn(this, strikes);
        lock (_lock)
        {
            if (!strikes.IsSuspect(MaxAttempts))
            {
                _others.Add(turn);
            }
            else
            {
                // The waiting for silence begins with the first who waits.
                _handedOver = _suspects.Count == 0 && _alone is null ? time.GetTimestamp() : _handedOver;
                _suspects.Add(turn);
            }

            LetIn();
        }

        try
        {
            while (!turn.HasBegun.IsCompleted)
            {
                await WaitAsync(turn, cancellationToken);
            }

            return turn;
        }
        catch
        {
            turn.Dispose();
            throw;
        }
    }

    /// <summary>Lets others in beside the suspect that has its turn.</summary>
    internal void Share(SuspectTurn turn)
    {
        lock (_lock)
        {
            if (_alone == turn)
            {
                _beside++;
                EndTurn();
            }
        }
    }

    internal void Leave(SuspectTurn turn)
    {
        lock (_lock)
        {
            if (_suspects.Remove(turn) || _others.Remove(turn))
            {
                LetIn();
            }
            else if (_alone == turn)
            {
                EndTurn();
            }
            else
            {
                _beside--;
                LetIn();
            }
        }
    }

    private async Task WaitAsync(SuspectTurn turn, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(turn.HasBegun, Task.Delay(Left(), time, over.Token));
        await over.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (Left() > TimeSpan.Zero || turn.HasBegun.IsCompleted)
            {
                return;
            }

            if (_alone is { ShareAsked.IsCompleted: false } alone)
            {
                // Its log has to say first that it is alone no more: a death that follows is not held against it alone.
                _handedOver = time.GetTimestamp();
                alone.AskToShare();
            }
            else if (_alone is not null)
            {
                // Its log takes no word. Nobody waits for that without end.
                _beside++;
                EndTurn();
            }
            else if (Next() is { } next)
            {
                // Whoever is beside it does not end. A death that follows proves nothing, and is not counted as the last.
                _suspects.Remove(next);
                _beside++;
                _handedOver = time.GetTimestamp();
                next.Begin(isAlone: false);
                LetIn();
            }
        }
    }

    private TimeSpan Left()
    {
        lock (_lock)
        {
            var left = (_alone is null ? options.Value.AloneWait : options.Value.AloneTime) - time.GetElapsedTime(_handedOver);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Ends the turn of the suspect that has it: whoever had to wait meanwhile comes before the next one.</summary>
    private void EndTurn()
    {
        _alone = null;
        _handedOver = time.GetTimestamp();
        LetOthersIn();
        LetIn();
    }

    private void LetIn()
    {
        if (_alone is not null)
        {
            return;
        }

        if (Next() is not { } next)
        {
            LetOthersIn();
        }
        else if (_beside == 0)
        {
            _suspects.Remove(next);
            _alone = next;
            _handedOver = time.GetTimestamp();
            next.Begin(isAlone: true);
        }
    }

    private void LetOthersIn()
    {
        foreach (var other in _others)
        {
            _beside++;
            other.Begin(isAlone: false);
        }

        _others.Clear();
    }

    /// <summary>Gets the suspect whose turn is next: the one with the most strikes, so that a culprit is found soon.</summary>
    private SuspectTurn? Next() => _suspects.MaxBy(turn => turn.Strikes.LostOwners.Length);
}

/// <summary>The turn of one attempt.</summary>
internal sealed class SuspectTurn(SuspectTurns turns, Strikes strikes) : IDisposable
{
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _shareAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isOver;

    internal Strikes Strikes => strikes;

    internal Task HasBegun => _begun.Task;

    /// <summary>Gets a task that completes when the attempt is to say in its log that it is alone no more, and then to share.</summary>
    internal Task ShareAsked => _shareAsked.Task;

    /// <summary>Gets whether no other attempt is on the silo.</summary>
    internal bool IsAlone { get; private set; }

    /// <summary>Gets what the attempt's claim says of the run.</summary>
    internal ClaimSuspicion? Suspicion =>
        strikes.LostOwners.IsEmpty ? null : new ClaimSuspicion { LostOwners = strikes.LostOwners, IsAlone = IsAlone };

    public void Dispose()
    {
        if (!_isOver)
        {
            _isOver = true;
            turns.Leave(this);
        }
    }

    /// <summary>Lets others in beside it: the run got on and is no suspect any more, or its log says that it is alone no more.</summary>
    internal void Share() => turns.Share(this);

    internal void AskToShare() => _shareAsked.TrySetResult();

    internal void Begin(bool isAlone)
    {
        IsAlone = isAlone;
        _begun.TrySetResult();
    }
}

using System.Runtime.CompilerServices;
using System.Text.Json;

namespace OrleansRuns.Abstractions;

/// <summary>A handle to a run.</summary>
/// <remarks>
/// A call that meets a silo in transition, or a database that does not answer, is made again for about half a minute. Then its error
/// travels, such as a <see cref="RunStoreUnavailableException"/>, and the call may be made once more.
/// </remarks>
public sealed class RunHandle
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(20);

    /// <summary>Bounds the delay between two questions: 0.4 seconds.</summary>
    private const int MaxHurried = 3;

    private readonly IGrainFactory _grains;

    internal RunHandle(IGrainFactory grains, string id)
    {
        _grains = grains;
        Id = id;
    }

    /// <summary>Gets the run's id.</summary>
    public string Id { get; }

    private IRunGrain Grain => _grains.GetGrain<IRunGrain>(Id);

    /// <inheritdoc cref="IRunGrain.GetAsync"/>
    public Task<RunSnapshot> GetAsync(CancellationToken cancellationToken = default) =>
        Transitions.RetryAsync(token => Grain.GetAsync(token), cancellationToken);

    /// <inheritdoc cref="IRunGrain.CancelAsync"/>
    public Task<RunSnapshot> CancelAsync(
        CancelAction action = CancelAction.Interrupt, CancellationToken cancellationToken = default) =>
        Transitions.RetryAsync(token => Grain.CancelAsync(action, token), cancellationToken);

    /// <summary>Cancels the run and waits until its final status is durable.</summary>
    /// <param name="action">What to do with the run's checkpoints. The first accepted action wins.</param>
    /// <param name="cancellationToken">Ends the waiting; an intent that was stored stays.</param>
    /// <returns>The run as it ended.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such action.</exception>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    public async Task<RunSnapshot> CancelAndWaitAsync(
        CancelAction action = CancelAction.Interrupt, CancellationToken cancellationToken = default)
    {
        await CancelAsync(action, cancellationToken);
        return await WaitAsync(cancellationToken);
    }

    /// <summary>Waits until the run is final.</summary>
    /// <param name="cancellationToken">Ends the waiting; the run goes on.</param>
    /// <returns>The run as it ended.</returns>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    public async Task<RunSnapshot> WaitAsync(CancellationToken cancellationToken = default)
    {
        var run = await RunWatch.AskAsync(Grain, cancellationToken);
        for (var hurried = 0; !run.IsFinal;)
        {
            var asked = TimeProvider.System.GetTimestamp();
            var watch = new RunWatch(Grain, run.Attempt);
            run = await Transitions.RetryAsync(token => PollAsync(watch, token), cancellationToken, Poll);
            // A silo that stops lets its callers go at once, and the run is on its way: asking without end would only hold it up.
            hurried = TimeProvider.System.GetElapsedTime(asked) < Poll / 2 ? Math.Min(hurried + 1, MaxHurried) : 0;
            if (hurried > 0 && !run.IsFinal)
            {
                await Transitions.DelayAsync(hurried, cancellationToken);
            }
        }

        return run;
    }

    /// <summary>Waits until the run is final and returns the thread's state then.</summary>
    /// <typeparam name="TState">The type to read the state into.</typeparam>
    /// <param name="cancellationToken">Ends the waiting; the run goes on.</param>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    /// <exception cref="RunFailedException">The run did not end as a success.</exception>
    /// <exception cref="JsonException">The state cannot be read as <typeparamref name="TState"/>.</exception>
    public async Task<TState> ResultAsync<TState>(CancellationToken cancellationToken = default)
    {
        var run = await WaitAsync(cancellationToken);
        if (run.Status != RunStatus.Success)
        {
            throw new RunFailedException(run);
        }

        var state = await new RunThread(_grains, run.ThreadId).GetStateAsync(cancellationToken: cancellationToken);
        return JsonSerializer.Deserialize<TState>(state.Values, JsonSerializerOptions.Web)
            ?? throw new JsonException($"The state of thread '{run.ThreadId}' is null.");
    }

    /// <summary>Reads the run's events until it is final. Resubscribes by itself when the run moves.</summary>
    /// <param name="after">The last number the reader saw; -1 for all.</param>
    /// <param name="kinds">
    /// The kinds it wants, of <see cref="RunEventKinds"/>; <see langword="null"/> for all. Metadata, interrupts, gaps and the end always
    /// come.
    /// </param>
    /// <param name="cancelWithReader">
    /// Whether the run is cancelled when the reading ends before the run does: at once when the enumeration is ended, and within half a
    /// minute when this process dies; about a minute after the run goes on elsewhere, when its silo dies as well.
    /// </param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ArgumentException">There is no such kind of event.</exception>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    /// <exception cref="InvalidDataException">The log of the run's thread is damaged.</exception>
    public async IAsyncEnumerable<RunEvent> EventsAsync(
        long after = -1,
        IReadOnlyList<string>? kinds = null,
        bool cancelWithReader = false,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var lease = cancelWithReader ? await ReaderLease.BeginAsync(Grain, cancellationToken) : null;
        for (var failures = 0; ;)
        {
            await using var events = await EventSubscription.BeginAsync(Grain, after, kinds, cancellationToken);
            bool? moved;
            while ((moved = await TryMoveNextAsync(events, failures, cancellationToken)) == true)
            {
                failures = 0;
                var @event = events.Current;
                after = @event.Number;
                yield return @event;
                if (@event.Kind == RunEventKinds.End)
                {
                    yield break;
                }
            }

            // An enumeration that ends in good order is no failure: a run that waits for its turn ends one every now and then.
            failures = moved is null ? failures + 1 : 0;
            await Transitions.DelayAsync(failures, cancellationToken);
        }
    }

    private static async Task<RunSnapshot> PollAsync(RunWatch watch, CancellationToken cancellationToken)
    {
        var answer = watch.Run.WaitAsync(Poll, cancellationToken);
        return await watch.HasComeAsync(answer, cancellationToken) ? await answer : await RunWatch.AskAsync(watch.Run, cancellationToken);
    }

    /// <summary>Moves on.</summary>
    /// <returns>Whether there is an event; null after a break, so that the reader subscribes again from its last number.</returns>
    private static async Task<bool?> TryMoveNextAsync(EventSubscription events, int failures, CancellationToken cancellationToken)
    {
        try
        {
            return await events.MoveNextAsync();
        }
        catch (Exception exception) when (
            failures < Transitions.MaxAttempts && Transitions.IsTransition(exception, cancellationToken))
        {
            return null;
        }
    }
}

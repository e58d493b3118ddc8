using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansRuns.Abstractions;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>A task of a superstep, with all that its node needs to know of the run.</summary>
/// <param name="Run">The run.</param>
/// <param name="Context">The run's context.</param>
/// <param name="Graph">The graph.</param>
/// <param name="Checkpoint">The checkpoint whose task it is.</param>
/// <param name="Task">The task.</param>
/// <param name="Before">What the task has written before: the answers to its questions.</param>
/// <param name="Events">Where to tell what happens.</param>
internal sealed record NodeTask(
    RunRow Run, JsonElement? Context, CompiledGraph Graph, Checkpoint Checkpoint, GraphTask Task, TaskWrites? Before, IRunEvents Events)
{
    /// <summary>Gets what is told that the node's code does not end, and is left behind.</summary>
    internal Action? OnLeftBehind { get; init; }
}

/// <summary>How a task ended.</summary>
/// <param name="Writes">Its writes; <see langword="null"/> when it failed or was stopped.</param>
/// <param name="Error">The error of its last attempt.</param>
/// <param name="IsTimeout">Whether the last attempt ran out of its time.</param>
/// <param name="IsCached">Whether the writes are those of an earlier task with the same key.</param>
internal sealed record NodeResult(TaskWrites? Writes, NodeError? Error = null, bool IsTimeout = false, bool IsCached = false)
{
    internal static NodeResult Stopped { get; } = new((TaskWrites?)null);
}

/// <summary>Runs the attempts of one task: its retries, its time limits, and what to do with code that does not stop.</summary>
internal sealed partial class NodeRunner(
    NodeScheduler scheduler,
    NodeCache cache,
    IServiceProvider services,
    IOptions<RunsOptions> options,
    RunInstruments instruments,
    TimeProvider time,
    ILogger<NodeRunner> logger)
{
    internal RunInstruments Instruments => instruments;

    internal TimeProvider Time => time;

    /// <summary>Runs a task until it has writes, has failed for good, or is stopped.</summary>
    internal async Task<NodeResult> RunAsync(NodeTask node, CancellationToken stop)
    {
        var nodeOptions = node.Graph.Nodes[node.Task.Node].Options;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Tell(node, attempt == 1 ? "start" : "retry", attempt);
                return await AttemptAsync(node, nodeOptions, attempt, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return NodeResult.Stopped;
            }
            catch (Exception exception)
            {
                // The node's own code decides the kind of exception, so every kind ends here.
                Tell(node, "error", attempt, exception);
                LogAttemptFailed(logger, exception, node.Run.RunId, node.Task.Node, attempt);
                if (stop.IsCancellationRequested)
                {
                    return NodeResult.Stopped;
                }

                var (delay, refusal) = NextDelay(nodeOptions.Retry, exception, attempt);
                if (delay is null)
                {
                    return Failed(node, refusal ?? exception, attempt);
                }

                if (!await DelayAsync(delay.Value, stop))
                {
                    return NodeResult.Stopped;
                }
            }
        }
    }

    /// <summary>Asks the policy. Its predicate is the author's code, and what that throws is no failure of ours.</summary>
    private static (TimeSpan? Delay, Exception? Refusal) NextDelay(RetryPolicy? policy, Exception exception, int attempt)
    {
        try
        {
            return (policy?.NextDelay(exception, attempt, Random.Shared.NextDouble()), null);
        }
        catch (Exception refusal)
        {
            return (null, new InvalidOperationException(
                $"{nameof(RetryPolicy.RetryOn)} threw '{refusal.Message}' when it was asked about '{exception.Message}'.",
                new AggregateException(exception, refusal)));
        }
    }

    private static NodeResult Failed(NodeTask node, Exception exception, int attempt) =>
        new(
            null,
            new NodeError
            {
                Node = node.Task.Node,
                Type = exception.GetType().FullName ?? exception.GetType().Name,
                Message = exception.Message,
                Attempts = attempt,
            },
            exception is NodeTimeoutException);

    private static string IdempotencyKey(NodeTask node)
    {
        var text = $"{node.Run.ThreadId}\n{node.Checkpoint.Id}\n{node.Task.Id}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));
    }

    private static void Tell(NodeTask node, string phase, int attempt, Exception? error = null) =>
        node.Events.Publish(
            RunEventKinds.Tasks,
            node.Checkpoint.Namespace,
            node.Checkpoint.Step + 1,
            node.Checkpoint.Id,
            () => JsonSerializer.Serialize(
                new { taskId = node.Task.Id, node = node.Task.Node, phase, attempt, error = error?.Message }, JsonSerializerOptions.Web));

    private async Task<NodeResult> AttemptAsync(NodeTask node, NodeOptions nodeOptions, int attempt, CancellationToken stop)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var clock = new AttemptClock(node.Task.Node, nodeOptions, cancel, time);
        using var seen = new NodeToken(
            exception => LogCallbackFailed(logger, exception, node.Run.RunId, node.Task.Node, attempt), cancel.Token);
        var context = new RunNodeContext(node.Events, clock.Heartbeat)
        {
            RunId = node.Run.RunId,
            ThreadId = node.Run.ThreadId,
            CheckpointId = node.Checkpoint.Id,
            Namespace = node.Checkpoint.Namespace,
            TaskId = node.Task.Id,
            Node = node.Task.Node,
            Step = node.Checkpoint.Step + 1,
            Attempt = attempt,
            IdempotencyKey = IdempotencyKey(node),
            Services = services,
            RunContext = node.Context,
            Answers = node.Before?.Answers ?? [],
            CancellationToken = seen.Token,
        };
        try
        {
            var work = await scheduler.StartAsync(
                () =>
                {
                    // It may have waited for a thread for longer than its superstep was alive.
                    stop.ThrowIfCancellationRequested();
                    clock.Start();
                    return InvokeAsync(node, nodeOptions, context);
                },
                stop);
            if (await HasEndedAsync(work.Task, seen.Told) || !work.LeaveBehind())
            {
                return await clock.ResultOf(work.Task);
            }

            LogLeftBehind(logger, node.Run.RunId, node.Task.Node, attempt, options.Value.NodeCancellationGrace);
            instruments.NodeLeftBehind(1);
            node.OnLeftBehind?.Invoke();
            _ = work.Task.ContinueWith(
                late =>
                {
                    instruments.NodeLeftBehind(-1);
                    LogLateResult(logger, late.Exception, node.Run.RunId, node.Task.Node, attempt);
                },
                CancellationToken.None,
                TaskContinuationOptions.None,
                TaskScheduler.Default);
            throw clock.TimedOut as Exception ?? new OperationCanceledException(cancel.Token);
        }
        finally
        {
            context.Close();
        }
    }

    private async Task<NodeResult> InvokeAsync(NodeTask node, NodeOptions nodeOptions, NodeContext context)
    {
        var key = node.Graph.CacheKeyOf(node.Checkpoint, node.Task);
        if (key is not null && context.Answers.IsEmpty && cache.Find(key, node.Task.Id) is { } known)
        {
            return new NodeResult(known, IsCached: true);
        }

        var writes = await node.Graph.InvokeAsync(node.Checkpoint, node.Task, context);
        if (key is not null)
        {
            cache.Keep(key, writes, nodeOptions.Cache!.TimeToLive);
        }

        return new NodeResult(writes);
    }

    /// <summary>Waits for code, and after its cancellation for as long as the grace.</summary>
    private async Task<bool> HasEndedAsync(Task code, Task cancelled)
    {
        await Task.WhenAny(code, cancelled);
        if (code.IsCompleted)
        {
            return true;
        }

        using var ended = new CancellationTokenSource();
        await Task.WhenAny(code, Task.Delay(options.Value.NodeCancellationGrace, time, ended.Token));
        await ended.CancelAsync();
        return code.IsCompleted;
    }

    private async Task<bool> DelayAsync(TimeSpan delay, CancellationToken stop)
    {
        try
        {
            await Task.Delay(delay, time, stop);
            return true;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return false;
        }
    }

    [LoggerMessage(3410, LogLevel.Warning, "Run {RunId}: attempt {Attempt} of node {Node} failed.")]
    private static partial void LogAttemptFailed(ILogger logger, Exception exception, string runId, string node, int attempt);

    [LoggerMessage(3411, LogLevel.Warning,
        "Run {RunId}: attempt {Attempt} of node {Node} did not stop within {Grace} and was left behind. "
        + "Pass its token on to what it awaits.")]
    private static partial void LogLeftBehind(ILogger logger, string runId, string node, int attempt, TimeSpan grace);

    [LoggerMessage(3412, LogLevel.Information,
        "Run {RunId}: attempt {Attempt} of node {Node} ended after it was left behind. Its result is discarded.")]
    private static partial void LogLateResult(ILogger logger, Exception? exception, string runId, string node, int attempt);

    [LoggerMessage(3413, LogLevel.Warning,
        "Run {RunId}: what attempt {Attempt} of node {Node} does when it is cancelled failed. It is cancelled all the same.")]
    private static partial void LogCallbackFailed(ILogger logger, Exception exception, string runId, string node, int attempt);
}

using System.Globalization;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>Tells runs' events to readers over HTTP.</summary>
/// <remarks>
/// Every stream ends when the application begins to stop, before the web server waits for its requests: the silo stops behind the web
/// server, and a reader would eat its time. A reader leaves its run alone, whether it goes or is slow.
/// </remarks>
internal sealed partial class RunStreams(
    IRunsClient runs,
    ISiloHealth silo,
    IHostApplicationLifetime lifetime,
    IOptions<WebOptions> options,
    TimeProvider time,
    ILogger<RunStreams> logger)
{
    internal const string LastEventId = "Last-Event-ID";

    /// <summary>How many events may wait for a reader that is slow, beside those on their way from the run.</summary>
    private const int Waiting = 8;

    private int _open;

    /// <summary>Answers a request for a run's events.</summary>
    internal async Task AnswerAsync(HttpContext context)
    {
        if (!TryRead(context.Request, out var asked, out var problem))
        {
            await Problems.WriteAsync(context, StatusCodes.Status400BadRequest, problem);
            return;
        }

        if (!silo.HasStarted)
        {
            context.Response.Headers.RetryAfter = "1";
            await Problems.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "The silo is starting. Ask again.");
            return;
        }

        try
        {
            if (Interlocked.Increment(ref _open) > options.Value.MaxStreams)
            {
                context.Response.Headers.RetryAfter = "1";
                await Problems.WriteAsync(
                    context, StatusCodes.Status503ServiceUnavailable, $"{options.Value.MaxStreams} event streams are open. Ask again.");
                return;
            }

            using var open = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
            await TellAsync(context, asked, open);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    private async Task TellAsync(HttpContext context, Asked asked, CancellationTokenSource open)
    {
        var stream = new EventFrames(context.Response, options.Value.ReconnectAfter);
        try
        {
            var run = await runs.Run(asked.Run).GetAsync(open.Token);
            if (run.ThreadId != asked.Thread)
            {
                throw new RunNotFoundException(asked.Run);
            }

            var events = Follow(asked, open.Token);
            if (run.IsFinal && await HasSeenTheEndAsync(events, asked.After, open.Token))
            {
                // The one answer that keeps a browser from connecting again for ever.
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return;
            }

            await stream.BeginAsync(open.Token);
            while (await NextAsync(events, stream, open.Token))
            {
                while (events.TryRead(out var told))
                {
                    await stream.TellAsync(told, open.Token);
                }
            }
        }
        catch (RunNotFoundException exception) when (!context.Response.HasStarted)
        {
            await Problems.WriteAsync(context, StatusCodes.Status404NotFound, exception.Message);
        }
        catch (Exception exception) when (!context.RequestAborted.IsCancellationRequested)
        {
            await BreakOffAsync(context, stream, asked, exception);
        }
        catch (Exception exception) when (context.RequestAborted.IsCancellationRequested)
        {
            LogReaderLeft(logger, exception, asked.Run);
        }
        finally
        {
            await open.CancelAsync();
        }
    }

    /// <summary>Ends a stream whose run goes on, so that the reader comes back behind what it has.</summary>
    private async Task BreakOffAsync(HttpContext context, EventFrames stream, Asked asked, Exception exception)
    {
        var isStopping = lifetime.ApplicationStopping.IsCancellationRequested;
        if (!isStopping)
        {
            LogBrokenOff(logger, exception, asked.Run);
        }

        if (!context.Response.HasStarted)
        {
            if (!isStopping)
            {
                context.Response.Headers.RetryAfter = "1";
                await Problems.WriteAsync(
                    context, StatusCodes.Status503ServiceUnavailable, $"Run '{asked.Run}' cannot be reached now: {exception.Message}");
                return;
            }

            await stream.BeginAsync(CancellationToken.None);
        }

        await stream.ReconnectAsync(isStopping ? "\"The silo stops.\"" : "\"The run cannot be reached now.\"");
    }

    /// <summary>Reads on in the background: what ends a stream never waits for the run's silo to let go.</summary>
    private ChannelReader<RunEvent> Follow(Asked asked, CancellationToken open)
    {
        var events = Channel.CreateBounded<RunEvent>(new BoundedChannelOptions(Waiting) { SingleReader = true, SingleWriter = true });
        _ = Task.Run(FollowAsync, CancellationToken.None);
        return events.Reader;

        async Task FollowAsync()
        {
            Exception? failure = null;
            try
            {
                await foreach (var told in runs.Run(asked.Run).EventsAsync(asked.After, cancellationToken: open))
                {
                    await events.Writer.WriteAsync(told, open);
                }
            }
            catch (Exception exception)
            {
                // Whoever reads the channel gets it.
                failure = exception;
            }

            events.Writer.TryComplete(failure);
        }
    }

    private static async Task<bool> HasSeenTheEndAsync(ChannelReader<RunEvent> events, long after, CancellationToken open) =>
        await events.WaitToReadAsync(open)
        && events.TryPeek(out var first)
        && first.Kind == RunEventKinds.End
        && first.Number <= after;

    private async Task<bool> NextAsync(ChannelReader<RunEvent> events, EventFrames stream, CancellationToken open)
    {
        var next = events.WaitToReadAsync(open).AsTask();
        while (!next.IsCompleted)
        {
            using var waited = CancellationTokenSource.CreateLinkedTokenSource(open);
            if (await Task.WhenAny(next, Task.Delay(options.Value.Heartbeat, time, waited.Token)) != next)
            {
                open.ThrowIfCancellationRequested();
                await stream.BeatAsync(open);
            }

            await waited.CancelAsync();
        }

        return await next;
    }

    private static bool TryRead(HttpRequest request, out Asked asked, out string problem)
    {
        var (thread, run) = ((string)request.RouteValues["thread"]!, (string)request.RouteValues["run"]!);
        var seen = request.Headers[LastEventId].ToString();
        var after = -1L;
        problem = ThreadId.ProblemOf(thread) is { } wrong
            ? wrong
            : !Guid.TryParseExact(run, "D", out var id) || id.ToString() != run
            ? $"'{run}' is no id of a run. Use the UUID that it was started with, in lower case."
            : seen.Length > 0
                && (!long.TryParse(seen, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out after) || after < -1)
            ? $"{LastEventId} '{seen}' is no number of an event. Use the id of the last event that was read, or -1 for all."
            : "";
        asked = new Asked(thread, run, after);
        return problem.Length == 0;
    }

    [LoggerMessage(3700, LogLevel.Warning, "A reader of run {RunId} was told to connect again: its events could not be read.")]
    private static partial void LogBrokenOff(ILogger logger, Exception exception, string runId);

    [LoggerMessage(3701, LogLevel.Debug, "A reader of run {RunId} has left.")]
    private static partial void LogReaderLeft(ILogger logger, Exception exception, string runId);

    private readonly record struct Asked(string Thread, string Run, long After);
}

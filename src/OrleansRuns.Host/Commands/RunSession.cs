using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;
using ThreadState = OrleansRuns.Abstractions.ThreadState;

namespace OrleansRuns.Host;

/// <summary>One run from its start, or from where it stopped, to its end or to Ctrl+C.</summary>
internal sealed class RunSession(RunSettings settings)
{
    private readonly IRunReporter _reporter = RunReporters.Choose(settings.IsJson);

    internal async Task<int> ExecuteAsync()
    {
        using var host = EmbeddedSilo.Build(settings.Database, LogLevel.Error);
        await host.StartAsync();
        try
        {
            return await FollowAsync(host.Services);
        }
        finally
        {
            await host.StopAsync();
        }
    }

    private async Task<int> FollowAsync(IServiceProvider services)
    {
        var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        var client = services.GetRequiredService<IRunsClient>();
        var threadId = await ChooseThreadAsync(services, stopping);
        var thread = client.Thread(threadId);
        try
        {
            if (await BeginAsync(client, thread, stopping) is not { } run)
            {
                return End(null, await thread.GetStateAsync(cancellationToken: stopping));
            }

            _reporter.Begin(settings.Graph, thread.Id, run.Id);
            await _reporter.FollowAsync(run.EventsAsync(cancellationToken: stopping));
            return End(await run.GetAsync(stopping), await thread.GetStateAsync(cancellationToken: stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            _reporter.Stopped(thread.Id, ResumeLine(thread.Id, null));
            return ExitCode.Interrupted;
        }
    }

    private async Task<string?> ChooseThreadAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        if (settings.Thread is not null || !settings.IsResume)
        {
            return settings.Thread;
        }

        services.GetRequiredService<IGraphs>().Get(settings.Graph);
        return await services.GetRequiredService<IThreadHistory>().FindNewestThreadAsync(settings.Graph, cancellationToken)
            ?? throw new UsageException(
                $"Graph '{settings.Graph}' was never run in '{settings.Database}', so that there is nothing to resume. Start it with --input.");
    }

    /// <summary>Starts a run, or finds the one that goes on already.</summary>
    /// <returns>The run, or <see langword="null"/> when the thread waits for an answer that was not given.</returns>
    private async Task<RunHandle?> BeginAsync(IRunsClient client, RunThread thread, CancellationToken cancellationToken)
    {
        var request = new StartRunRequest
        {
            RunId = Guid.CreateVersion7().ToString(),
            Graph = settings.Graph,
            RecursionLimit = settings.RecursionLimit,
        };
        if (!settings.IsResume)
        {
            return await thread.StartAsync(request with { Input = settings.Input ?? "{}" }, cancellationToken);
        }

        if (await thread.GetRunsAsync(1, cancellationToken) is [{ IsFinal: false } newest])
        {
            return settings.Answer is null
                ? client.Run(newest.RunId)
                : throw new UsageException(
                    $"Thread '{thread.Id}' waits for no answer: run '{newest.RunId}' still goes on. Use --resume alone to follow it.");
        }

        if (settings.Answer is null)
        {
            var state = await thread.GetStateAsync(cancellationToken: cancellationToken);
            if (state.Interrupts.Count > 0)
            {
                return null;
            }
        }

        return await thread.StartAsync(request with { Resume = settings.Answer }, cancellationToken);
    }

    private int End(RunSnapshot? run, ThreadState state)
    {
        var waits = run?.Status is null or RunStatus.Success && state.Status == ThreadStatus.Interrupted;
        var line = waits || run?.Status == RunStatus.Interrupted ? ResumeLine(state.ThreadId, AnswerTo(state)) : null;
        _reporter.Ended(run, state, line);
        return run?.Status switch
        {
            RunStatus.Error or RunStatus.Timeout => ExitCode.Failed,
            RunStatus.Interrupted => ExitCode.Interrupted,
            _ => waits ? ExitCode.Interrupted : ExitCode.Success,
        };
    }

    /// <summary>Suggests an answer to what the thread asks.</summary>
    private static string? AnswerTo(ThreadState state) => state.Interrupts switch
    {
        [] => null,
        [{ AnswerSchema: { } schema }] when schema.Contains("\"boolean\"", StringComparison.Ordinal) => "true",
        _ => "<answer as JSON>",
    };

    private string ResumeLine(string threadId, string? answer) =>
        CommandText.Resume(settings.Graph, threadId, settings.NamesDatabase ? settings.Database.ToString() : null, answer);
}

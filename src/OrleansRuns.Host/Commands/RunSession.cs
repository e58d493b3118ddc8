using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansRuns.Abstractions;
using OrleansRuns.AdoNet;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>One run from its start, or from where it stopped, to its end or to Ctrl+C.</summary>
internal sealed class RunSession(RunSettings settings)
{
    private readonly IRunReporter _reporter = RunReporters.Choose(settings.IsJson);
    private string _threadId = "";

    internal async Task<int> ExecuteAsync()
    {
        var resumed = settings.IsResume ? await FindResumedAsync() : null;
        using var host = Build();
        var request = Request(isResume: resumed is not null);
        if (resumed is null)
        {
            CheckFirst(host.Services, request);
        }

        await StartAsync(host);
        try
        {
            if (await FollowAsync(host.Services, resumed, request) is { } exitCode)
            {
                return exitCode;
            }
        }
        finally
        {
            await host.StopAsync();
        }

        return await TellStoppedAsync();
    }

    private IHost Build() => settings.Database.ConnectionString is { } connectionString
        ? ClusterSilo.BuildClient(connectionString, LogLevel.Error)
        : EmbeddedSilo.Build(settings.Database.File, LogLevel.Error);

    private Task StartAsync(IHost host) => settings.Database.ConnectionString is null
        ? host.StartAsync()
        : SiloClient.ConnectAsync(host, settings.Database, CancellationToken.None);

    /// <summary>Refuses what cannot be a file's first run before the silo makes the file.</summary>
    private void CheckFirst(IServiceProvider services, StartRunRequest request)
    {
        // Where there are runs their silo knows better: a repeated request need not fit any more.
        if (settings.Database is { ConnectionString: null, File.Exists: false })
        {
            // All that is wrong with the settings at once, as the host's start tells it.
            services.GetService<IStartupValidator>()?.Validate();
            services.GetRequiredService<IRunChecks>().CheckFirst(settings.Thread, request);
        }
    }

    /// <summary>Finds what to go on with before the silo starts, which goes on by itself with what is unfinished.</summary>
    private async Task<Resumed> FindResumedAsync()
    {
        await using var services = EmbeddedSilo.BuildReader(settings.Database);
        services.GetRequiredService<IGraphs>().Get(settings.Graph);
        await services.GetRequiredService<RunsReader>().OpenAsync();
        var history = services.GetRequiredService<IThreadHistory>();
        var threadId = settings.Thread
            ?? await history.FindNewestThreadAsync(settings.Graph, CancellationToken.None)
            ?? throw new UsageException(
                $"Graph '{settings.Graph}' was never run in {settings.Database.DisplayName}, so that there is nothing to resume. "
                + "Start it with --input.");
        var state = await history.GetStateAsync(threadId, null, CancellationToken.None);
        var unfinished = await history.GetRunsAsync(threadId, 1, CancellationToken.None) is [{ IsFinal: false } newest] ? newest : null;
        return unfinished is not null && settings.Answer is not null
            ? throw new UsageException(
                $"Thread '{threadId}' waits for no answer: run '{unfinished.RunId}' is not finished. Use --resume alone to go on with it.")
            : new Resumed(threadId, unfinished?.RunId, IsAsked: state.Interrupts.Count > 0);
    }

    /// <returns>The exit code, or <see langword="null"/> when this program was stopped before the run had ended.</returns>
    private async Task<int?> FollowAsync(IServiceProvider services, Resumed? resumed, StartRunRequest request)
    {
        var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        var client = services.GetRequiredService<IRunsClient>();
        var thread = client.Thread(resumed?.ThreadId ?? settings.Thread);
        try
        {
            if (await BeginAsync(client, thread, resumed, request, stopping) is not { } run)
            {
                return End(null, await thread.GetStateAsync(cancellationToken: stopping));
            }

            _reporter.Begin(settings.Graph, thread.Id, run.Id);
            await _reporter.FollowAsync(run.EventsAsync(cancellationToken: stopping));
            return End(await run.GetAsync(stopping), await thread.GetStateAsync(cancellationToken: stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            _threadId = thread.Id;
            return null;
        }
    }

    /// <summary>Tells what is durable of a thread whose run was being followed: a run may have ended while its silo stopped.</summary>
    private async Task<int> TellStoppedAsync()
    {
        await using var services = EmbeddedSilo.BuildReader(settings.Database);
        await services.GetRequiredService<RunsReader>().OpenAsync();
        var history = services.GetRequiredService<IThreadHistory>();
        if (await history.GetRunsAsync(_threadId, 1, CancellationToken.None) is [{ IsFinal: true } ended])
        {
            return End(ended, await history.GetStateAsync(_threadId, null, CancellationToken.None));
        }

        _reporter.Stopped(_threadId, ResumeLine(_threadId, null));
        return ExitCode.Interrupted;
    }

    /// <summary>Starts a run, or takes the one that goes on already.</summary>
    /// <returns>The run, or <see langword="null"/> when the thread waits for an answer that was not given.</returns>
    private async Task<RunHandle?> BeginAsync(
        IRunsClient client, RunThread thread, Resumed? resumed, StartRunRequest request, CancellationToken cancellationToken)
    {
        if (resumed is { UnfinishedRunId: { } runId })
        {
            return client.Run(runId);
        }

        if (resumed is { IsAsked: true } && settings.Answer is null)
        {
            return null;
        }

        return await thread.StartAsync(request, cancellationToken);
    }

    private StartRunRequest Request(bool isResume) => new()
    {
        RunId = Guid.CreateVersion7().ToString(),
        Graph = settings.Graph,
        Input = isResume ? null : settings.Input ?? "{}",
        Resume = settings.Answer,
        RecursionLimit = settings.RecursionLimit,
        Strategy = settings.Strategy,
        Timeout = settings.Timeout,
        IdempotencyKey = settings.IdempotencyKey,
        Metadata = settings.Metadata,
    };

    private int End(RunSnapshot? run, ThreadSnapshot state)
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
    private static string? AnswerTo(ThreadSnapshot state) => state.Interrupts switch
    {
        [] => null,
        [{ AnswerSchema: { } schema }] when schema.Contains("\"boolean\"", StringComparison.Ordinal) => "true",
        _ => "<answer as JSON>",
    };

    private string ResumeLine(string threadId, string? answer) =>
        CommandText.Resume(settings.Graph, threadId, settings.Database.Option, answer);

    /// <summary>What is gone on with.</summary>
    private sealed record Resumed(string ThreadId, string? UnfinishedRunId, bool IsAsked);
}

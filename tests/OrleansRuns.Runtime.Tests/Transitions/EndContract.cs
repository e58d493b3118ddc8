using System.Net;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>running → success, error, timeout.</summary>
public abstract class EndContract(TransitionCluster shared) : TransitionContract(shared)
{
    private readonly TransitionCluster _shared = shared.Reset();

    private RunCluster Cluster => _shared.Cluster;

    public static TheoryData<RunStatus, Trial> EndsAndTrials
    {
        get
        {
            var data = new TheoryData<RunStatus, Trial>();
            foreach (var status in new[] { RunStatus.Success, RunStatus.Error, RunStatus.Timeout })
            {
                foreach (var trial in new[] { Trial.InOrder, Trial.WriteFails, Trial.AnswerLost })
                {
                    data.Add(status, trial);
                }
            }

            return data;
        }
    }

    public static TheoryData<RunStatus, CancelAction> EndsAndActions
    {
        get
        {
            var data = new TheoryData<RunStatus, CancelAction>();
            foreach (var status in new[] { RunStatus.Success, RunStatus.Error, RunStatus.Timeout })
            {
                data.Add(status, CancelAction.Interrupt);
                data.Add(status, CancelAction.Rollback);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(EndsAndTrials))]
    [Proves(ContractLine.Ended, Trial.InOrder, Trial.WriteFails, Trial.AnswerLost)]
    public async Task End_OfTheRow_IsWhatTheRunEndedAs(RunStatus status, Trial trial)
    {
        var calls = _shared.Inject(nameof(IRunCatalog.EndAsync), trial);

        var run = await StartAsync(Cluster.Runs.Thread(), status);
        var ended = await run.WaitAsync().WithinAsync("the run to end");

        Assert.Equal((status, 1), (ended.Status, ended.Attempt));
        Assert.Equal(trial == Trial.InOrder ? 1 : 2, calls());
        Assert.Equal(status, (await _shared.RowAsync(run.Id)).Status);
    }

    [Theory]
    [MemberData(nameof(EndsAndTrials))]
    [Proves(ContractLine.Ended, Trial.WriteFails, Trial.AnswerLost)]
    public async Task End_OfTheLog_IsThereOnceAndDecides(RunStatus status, Trial trial)
    {
        var (before, after) = (0, 0);
        _shared.Log.Before = entry => IsEnd(entry) && Interlocked.Increment(ref before) == 1 && trial == Trial.WriteFails
            ? Task.FromException(new LogUnavailableException("The database did not answer."))
            : Task.CompletedTask;
        _shared.Log.After = entry => IsEnd(entry) && Interlocked.Increment(ref after) == 1 && trial == Trial.AnswerLost
            ? Task.FromException(new LogUnavailableException("The answer was lost."))
            : Task.CompletedTask;

        var thread = Cluster.Runs.Thread();
        var run = await StartAsync(thread, status);
        var ended = await run.WaitAsync().WithinAsync("the run to end");

        Assert.Equal(status, ended.Status);
        // Once, however often the end is tried.
        Assert.Equal(status == RunStatus.Error ? 0 : 1, Cluster.Gates.Of(thread.Id).Arrivals);
        var row = await _shared.RowAsync(run.Id);
        var entries = await Cluster.Log.ReadPageAsync(row.LogId, 0, 1000, CancellationToken.None);
        Assert.Equal(
            WireName.Of(status), Assert.Single(entries.SelectMany(stored => stored.Entry.Records).OfType<EndLogRecord>()).Status);
    }

    [Theory]
    [MemberData(nameof(EndsAndActions))]
    [Proves(ContractLine.Ended, Trial.WriteIsSlow)]
    [Proves(ContractLine.CancelRollsBack, Trial.WriteIsSlow)]
    public async Task End_CancelIsAcceptedBeforeItIsWritten_TheCancelWins(RunStatus status, CancelAction action)
    {
        var end = _shared.HoldBefore(nameof(IRunCatalog.EndAsync));
        var thread = Cluster.Runs.Thread();
        var run = await StartAsync(thread, status);
        await end.ReachedAsync();

        var accepted = await run.CancelAsync(action);
        end.Release();
        var ended = await run.WaitAsync().WithinAsync("the cancelled run to end");

        Assert.Equal(RunStatus.Running, accepted.Status);
        Assert.Equal((RunStatus.Interrupted, StopReason.Cancelled), (ended.Status, ended.StopReason));
        Assert.Equal(action == CancelAction.Rollback, ended.RolledBack);
        Assert.Equal(action == CancelAction.Rollback, (await thread.GetHistoryAsync()).Count == 0);
        Assert.Null((await Cluster.Catalog.FindThreadAsync(thread.Id, CancellationToken.None))!.Holder);
    }

    [Theory]
    [InlineData(CancelAction.Interrupt)]
    [InlineData(CancelAction.Rollback)]
    [Proves(ContractLine.Ended, Trial.WriteIsSlow)]
    public async Task End_CancelIsAcceptedBeforeTheLogsEnd_TheCancelWins(CancelAction action)
    {
        var end = new HeldCall("end");
        _shared.Log.Before = entry => end.PassAsync(IsEnd(entry) ? "end" : "");
        var thread = Cluster.Runs.Thread();
        var run = await StartAsync(thread, RunStatus.Success);
        await end.ReachedAsync();

        await run.CancelAsync(action);
        end.Release();
        var ended = await run.WaitAsync().WithinAsync("the cancelled run to end");

        Assert.Equal((RunStatus.Interrupted, action == CancelAction.Rollback), (ended.Status, ended.RolledBack));
    }

    [Fact]
    [Proves(ContractLine.Ended, Trial.WriteIsSlow)]
    public async Task End_AnotherAttemptWasClaimedBeforeItIsWritten_IsWrittenByThatAttempt()
    {
        var end = _shared.HoldBefore(nameof(IRunCatalog.EndAsync));
        var thread = Cluster.Runs.Thread();
        var run = await StartAsync(thread, RunStatus.Success);
        await end.ReachedAsync();

        var cluster = RunOwner.TryParse((await _shared.RowAsync(run.Id)).Owner, out var owner) ? owner.ClusterId : "";
        var another = new RunOwner(cluster, SiloAddress.New(IPAddress.Loopback, 1, 1)).ToString();
        Assert.Equal(2, (await Cluster.Catalog.BeginAsync(run.Id, 2, another, CancellationToken.None)).Attempt);
        end.Release();
        var ended = await run.WaitAsync().WithinAsync("the run to end in a later attempt");

        Assert.Equal((RunStatus.Success, 3), (ended.Status, ended.Attempt));
        Assert.Equal(1, Cluster.Gates.Of(thread.Id).Arrivals);
    }

    [Fact]
    [Proves(ContractLine.Ended, Trial.WriteIsSlow)]
    public async Task End_NotConfirmedYet_IsReportedToNobody()
    {
        var end = _shared.HoldAfter(nameof(IRunCatalog.EndAsync));
        var run = await StartAsync(Cluster.Runs.Thread(), RunStatus.Success);
        var waiting = run.WaitAsync();
        await end.ReachedAsync();

        var seen = await run.GetAsync();

        Assert.Equal(RunStatus.Running, seen.Status);
        Assert.False(waiting.IsCompleted);
        end.Release();
        Assert.Equal(RunStatus.Success, (await waiting.WithinAsync("the run to end")).Status);
    }

    private static bool IsEnd(LogEntry entry) => entry.Records.Any(record => record is EndLogRecord);

    /// <summary>Starts a run that ends as it is told to.</summary>
    private async Task<RunHandle> StartAsync(RunThread thread, RunStatus status)
    {
        if (status == RunStatus.Success)
        {
            Cluster.Gates.Of(thread.Id).Open();
        }

        var run = await thread.StartAsync(new StartRunRequest
        {
            RunId = Guid.CreateVersion7().ToString(),
            Graph = status == RunStatus.Error ? SampleGraphs.Failing : SampleGraphs.Gated,
            Input = "{}",
            Timeout = status == RunStatus.Timeout ? SkippedTime.Limit : null,
        });
        if (status == RunStatus.Timeout)
        {
            await _shared.RunOutOfTimeAsync(thread.Id);
        }

        return run;
    }
}

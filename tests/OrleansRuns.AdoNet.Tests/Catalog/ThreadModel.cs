using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>Does to a thread what runs and edits do, at random, and knows by the contract's words which status follows.</summary>
internal sealed class ThreadModel(IStorageBench bench, string threadId, string graph, Random random)
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly List<RunRow> _runs = [];
    private string? _holder;
    private ThreadRest _log = new(Asks: false, PlannedBy: null);
    private ThreadRow? _edit;
    private int _edits;

    internal string ThreadId => threadId;

    internal ThreadStatus Status => (_holder, Newest) switch
    {
        ({ } holder, _) when !holder.StartsWith("edit-", StringComparison.Ordinal) => ThreadStatus.Busy,
        _ when _runs.Exists(run => run.Status == RunStatus.Pending) => ThreadStatus.Busy,
        _ when _log.Asks => ThreadStatus.Interrupted,
        (_, { Status: RunStatus.Success } newest) when newest.RunId == _log.PlannedBy => ThreadStatus.Interrupted,
        (_, { Status: RunStatus.Error or RunStatus.Timeout }) => ThreadStatus.Error,
        _ => ThreadStatus.Idle,
    };

    private RunRow? Newest => _runs.LastOrDefault(run => !run.RolledBack);

    /// <summary>Takes a step.</summary>
    /// <returns>What it was.</returns>
    internal async Task<string> StepAsync()
    {
        var queued = _runs.Where(run => !run.IsFinal && run.RunId != _holder).ToList();
        switch (random.Next(4))
        {
            case 0 when _holder is null && _runs.Count > 0:
                return await EditAsync();
            case 1 when queued.Count > 0:
                return await CancelAsync(queued[random.Next(queued.Count)]);
            case 2 when _edit is not null:
                return await ReleaseAsync(_edit);
            case 2 when Held is not null:
            case 3 when Held is not null:
                return await EndAsync(Held);
            default:
                return await AdmitAsync();
        }
    }

    private RunRow? Held => _runs.Find(run => run.RunId == _holder);

    private async Task<string> AdmitAsync()
    {
        var run = new NewRun(Guid.CreateVersion7().ToString(), threadId, graph, "f1", "{}") { Strategy = MultitaskStrategy.Enqueue };
        _runs.Add((await bench.Catalog.AdmitAsync(run, None)).Run!);
        _holder ??= run.RunId;
        return "an admission";
    }

    private async Task<string> EditAsync()
    {
        _holder = $"edit-{_edits++}";
        _edit = await bench.Catalog.TakeSlotAsync(threadId, graph, _holder, None);
        return "an edit that begins";
    }

    private async Task<string> ReleaseAsync(ThreadRow edit)
    {
        ThreadRest? rest = random.Next(3) switch
        {
            0 => null,
            1 => new ThreadRest(Asks: random.Next(2) == 0, PlannedBy: edit.Holder),
            _ => new ThreadRest(Asks: false, PlannedBy: null),
        };
        _holder = await bench.Catalog.ReleaseSlotAsync(threadId, edit.Holder!, edit.Epoch, rest, None);
        _log = rest ?? _log;
        _edit = null;
        return $"an edit with {rest}";
    }

    /// <summary>Cancels a run that waits in the queue, before it began; it may be the thread's newest.</summary>
    private async Task<string> CancelAsync(RunRow run)
    {
        var rollBack = random.Next(2) == 0;
        await bench.Catalog.RequestCancelAsync(run.RunId, rollBack ? CancelAction.Rollback : CancelAction.Interrupt, None);
        await WriteAsync(new RunEnd
        {
            RunId = run.RunId,
            Attempt = 0,
            Status = RunStatus.Interrupted,
            StopReason = StopReason.Cancelled,
            RolledBack = rollBack,
        });
        return $"a cancelled place in the queue, rolled back: {rollBack}";
    }

    private async Task<string> EndAsync(RunRow run)
    {
        await bench.Catalog.BeginAsync(run.RunId, 1, "silo-1", None);
        var status = random.Next(5) switch
        {
            0 => RunStatus.Error,
            1 => RunStatus.Timeout,
            2 => RunStatus.Interrupted,
            _ => RunStatus.Success,
        };
        var rollBack = status == RunStatus.Interrupted && random.Next(2) == 0;
        if (status == RunStatus.Interrupted)
        {
            await bench.Catalog.RequestCancelAsync(run.RunId, rollBack ? CancelAction.Rollback : CancelAction.Interrupt, None);
        }

        var before = _runs.FindLast(one => one.Status == RunStatus.Success)?.RunId;
        var rest = rollBack
            ? new ThreadRest(Asks: random.Next(2) == 0, PlannedBy: before)
            : new ThreadRest(Asks: random.Next(4) == 0, PlannedBy: random.Next(2) == 0 ? run.RunId : null);
        _log = rest;
        await WriteAsync(new RunEnd
        {
            RunId = run.RunId,
            Attempt = 1,
            Status = status,
            Rest = rest,
            RolledBack = rollBack,
        });
        return $"an end as {status} with {rest}, rolled back: {rollBack}";
    }

    private async Task WriteAsync(RunEnd end)
    {
        var ended = await bench.Catalog.EndAsync(end, None);
        _runs[_runs.FindIndex(one => one.RunId == end.RunId)] = ended;
        _holder = ended.Holder;
    }
}

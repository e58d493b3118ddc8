using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>A slot that is given on while another connection is in the middle of admitting a run.</summary>
public sealed class PostgresQueueTests(PostgresBench bench) : IClassFixture<PostgresBench>
{
    private const string Waiting =
        "select count(*) from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()";

    private readonly string _thread = $"thread-{Guid.CreateVersion7()}";
    private readonly string _queued = Guid.CreateVersion7().ToString();

    [Fact]
    public async Task EndAsync_AdmissionIsNotCommittedYet_GivesTheSlotToItsRun()
    {
        var run = new NewRun(Guid.CreateVersion7().ToString(), _thread, "digest", "f1", "{}");
        await bench.Catalog.AdmitAsync(run, CancellationToken.None);
        await bench.Catalog.BeginAsync(run.RunId, 1, "silo-1", CancellationToken.None);
        var end = new RunEnd { RunId = run.RunId, Attempt = 1, Status = RunStatus.Success };

        var ended = await WhileAdmittingAsync(() => bench.Catalog.EndAsync(end, CancellationToken.None));

        Assert.Equal((RunStatus.Success, _queued), (ended.Status, ended.Holder));
    }

    [Fact]
    public async Task ReleaseSlotAsync_AdmissionIsNotCommittedYet_GivesTheSlotToItsRun()
    {
        var edit = await bench.Catalog.TakeSlotAsync(_thread, "digest", "edit-1", CancellationToken.None);

        var holder = await WhileAdmittingAsync(
            () => bench.Catalog.ReleaseSlotAsync(_thread, "edit-1", edit.Epoch, null, CancellationToken.None));

        Assert.Equal(_queued, holder);
    }

    /// <summary>Makes a change that has to wait for an admission, and commits the admission when it waits.</summary>
    private async Task<T> WhileAdmittingAsync<T>(Func<Task<T>> change)
    {
        await using var connection = await bench.Database.Source.OpenConnectionAsync();
        await using var admission = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync("update threads set admitted = admitted + 1 where thread_id = @thread", ("thread", _thread));
        await connection.ExecuteAsync(
            "insert into runs (run_id, thread_id, number, graph, fingerprint, request, status, created_at, updated_at) "
            + "values (@run, @thread, 1000, 'digest', 'f1', '{}', 'pending', now(), now())",
            ("run", _queued),
            ("thread", _thread));

        var changing = change();
        await Eventually.TrueAsync(
            async () => (long)(await bench.ScalarAsync(Waiting))! > 0, $"the slot of {_thread} to wait for the admission of {_queued}");
        await admission.CommitAsync();
        return await changing.WithinAsync($"the slot of {_thread} to be given on");
    }
}

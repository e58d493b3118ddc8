using System.Net;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;

namespace OrleansRuns.AdoNet.Tests;

public sealed class MemoryRunSearchTests(MemoryBench bench) : RunSearchContract(bench), IClassFixture<MemoryBench>;

public sealed class SqliteRunSearchTests(SqliteBench bench) : RunSearchContract(bench), IClassFixture<SqliteBench>;

public sealed class PostgresRunSearchTests(PostgresBench bench) : RunSearchContract(bench), IClassFixture<PostgresBench>
{
    private readonly PostgresBench _bench = bench;

    [Fact]
    public async Task Compose_HundredThousandRows_ReadsAPageByAnIndex()
    {
        await FillAsync();
        var from = new DateTimeOffset(2020, 1, 1, 12, 0, 0, TimeSpan.Zero);
        var runs = new RunSearch();
        var threads = new ThreadSearch();

        foreach (var search in new[]
        {
            runs,
            runs with { Order = SearchOrder.OldestFirst },
            runs with { Statuses = [RunStatus.Running] },
            runs with { Statuses = [RunStatus.Running, RunStatus.Pending] },
            runs with { Graph = "graph-7" },
            runs with { ThreadId = "plan-77" },
            runs with { CreatedFrom = from, CreatedTo = from.AddHours(1) },
            runs with { Metadata = """{"team":7}""" },
        })
        {
            await AssertNoScanAsync(AdoRunSearch.Runs, ListQuery.Of(search));
            var next = (await Searching.ListsOf(_bench.Search).SearchRunsAsync(search, CancellationToken.None)).Next;
            await AssertNoScanAsync(AdoRunSearch.Runs, ListQuery.Of(search with { Cursor = next }));
        }

        foreach (var search in new[]
        {
            threads,
            threads with { Statuses = [ThreadStatus.Interrupted] },
            threads with { Graph = "graph-7" },
            threads with { CreatedTo = from },
            threads with { Metadata = """{"team":7}""" },
        })
        {
            await AssertNoScanAsync(AdoRunSearch.Threads, ListQuery.Of(search));
            var next = (await Searching.ListsOf(_bench.Search).SearchThreadsAsync(search, CancellationToken.None)).Next;
            await AssertNoScanAsync(AdoRunSearch.Threads, ListQuery.Of(search with { Cursor = next }));
        }
    }

    [Fact]
    public async Task Queues_HundredThousandRows_AreReadByAnIndex()
    {
        await FillAsync();
        var owner = new RunOwner("blue", SiloAddress.New(IPAddress.Loopback, 1, 1));
        var due = new DueRuns { Self = owner, Live = [owner], IncludesOwn = true };
        var (dueSql, dueParameters) = new AdoOwnerLeases(_bench.Database, TimeProvider.System).Due(due, after: null, limit: 200);

        await AssertNoScanAsync(dueSql, dueParameters);
        await AssertNoScanAsync(
            CatalogSql.Ready(graphs: 2, "now()"), ("graph0", "graph-1"), ("graph1", "graph-2"), ("cluster", "blue"), ("limit", 200));
        await AssertNoScanAsync(CatalogSql.Blocked, ("since", DateTimeOffset.UtcNow), ("limit", 200));
        await AssertNoScanAsync(CatalogSql.NewestThread, ("graph", "graph-7"));
    }

    private async Task FillAsync()
    {
        if ((long)(await _bench.ScalarAsync("select count(*) from runs where run_id like 'plan-%'"))! > 0)
        {
            return;
        }

        await _bench.ScalarAsync(
            "insert into threads (thread_id, log_id, graph, epoch, holder, metadata, rest, created_at, updated_at) "
            + "select 'plan-' || n, 'plan-' || n, 'graph-' || n % 50, 1, null, "
            + "case when n % 100 = 0 then E'{\\n\"team\":' || n / 100 || E'\\n}' else '{}' end, "
            + "case when n % 500 = 0 then 'interrupted' else 'idle' end, '2020-01-01'::timestamptz + n * interval '1 second', now() "
            + "from generate_series(1, 100000) n");
        await _bench.ScalarAsync(
            "insert into runs (run_id, thread_id, number, graph, fingerprint, request, status, attempt, metadata, created_at, updated_at) "
            + "select 'plan-' || n, thread_id, 1, graph, 'f', '{}', case when n % 500 = 0 then 'running' else 'success' end, 1, metadata, "
            + "created_at, now() from generate_series(1, 100000) n join threads on thread_id = 'plan-' || n");
        await _bench.ScalarAsync("analyze runs");
        await _bench.ScalarAsync("analyze threads");
    }

    private async Task AssertNoScanAsync(ListTable table, ListQuery query)
    {
        var (sql, parameters) = new AdoRunSearch(_bench.Database).Compose(table, query);
        await AssertNoScanAsync(sql, parameters);
    }

    private async Task AssertNoScanAsync(string sql, params (string Name, object? Value)[] parameters)
    {
        await using var connection = await _bench.Database.Source.OpenConnectionAsync();
        var plan = string.Join('\n', await connection.QueryAsync($"explain {sql}", row => row.GetString(0), parameters));

        Assert.Contains("Index", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Seq Scan on runs", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Seq Scan on threads", plan, StringComparison.Ordinal);
    }
}

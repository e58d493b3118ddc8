using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Every single access of the database fails once, in every way, while a service does its work.</summary>
public abstract class StoreFaultContract(ITestOutputHelper output) : IAsyncLifetime
{
    private const int FewestAccesses = 5;
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    /// <summary>How many accesses in a row fail at most.</summary>
    private static readonly int Longest = LongTests.Loops(few: 1, many: 4);

    private RunStore _store = null!;
    private RunCluster _cluster = null!;
    private ServiceProvider _reader = null!;

    /// <summary>Gets how far apart the accesses are that fail. A greater distance begins anywhere, and hits others the next time.</summary>
    protected virtual int Distance => 1;

    public static TheoryData<string, AccessFault> Cases()
    {
        var cases = new TheoryData<string, AccessFault>();
        foreach (var scenario in FaultScenario.All.Keys)
        {
            cases.Add(scenario, AccessFault.Refused);
            cases.Add(scenario, AccessFault.AnswerLost);
        }

        return cases;
    }

    public virtual async Task InitializeAsync()
    {
        _store = OpenStore();
        _cluster = await RunCluster.StartAsync(options =>
        {
            options.Store = _store;
            options.ConfigureSilo = silo => silo.Services.AddSingleton<TimeProvider>(new SkippedTime());
        });
        _reader = await _store.OpenReaderAsync();
    }

    public virtual async Task DisposeAsync()
    {
        await _reader.DisposeAsync();
        await _cluster.DisposeAsync();
        _store.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Thread_NthAccessFails_EndsAsIfNothingHadHappened(string scenario, AccessFault fault)
    {
        var expected = await PlayAsync(scenario, new NthAccess(fault, from: 0, count: 0), "undisturbed");
        var first = Random.Shared.Next(1, Distance + 1);
        output.WriteLine($"from access {first}: {expected}");
        var hits = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var count = 1; count <= Longest; count++)
        {
            for (var from = first; ; from += Distance)
            {
                var access = new NthAccess(fault, from, count);
                var outcome = await PlayAsync(scenario, access, $"{count} faults from access {from}");
                if (access.Hit is not { } hit)
                {
                    break;
                }

                Assert.True(expected == outcome, $"After {count} faults from access {from}, {hit}: {outcome}");
                hits[hit] = hits.GetValueOrDefault(hit) + 1;
            }
        }

        output.WriteLine(string.Join(", ", hits.Select(hit => $"{hit.Value} x {hit.Key}")));
        Assert.True(hits.Values.Sum() >= FewestAccesses / Distance, $"Only {hits.Values.Sum()} accesses were hit.");
    }

    protected abstract RunStore OpenStore();

    private async Task<string> PlayAsync(string scenario, NthAccess access, string disturbance)
    {
        var thread = _cluster.Runs.Thread();
        access.Attach(_store.Hooks, _store.LogHooks);
        await FaultScenario.All[scenario].Play(_cluster, thread).WithinAsync($"{scenario}, {disturbance}, on thread '{thread.Id}'", Bound);
        await Eventually.TrueAsync(
            async () => await IsAtRestAsync(thread.Id),
            $"thread '{thread.Id}' to rest after {scenario}, {disturbance}",
            Bound);
        NthAccess.Detach(_store.Hooks, _store.LogHooks);
        return await DescribeAsync(thread);
    }

    /// <summary>Looks whether all runs are final and the thread is free. The look itself is no access that counts.</summary>
    private async Task<bool> IsAtRestAsync(string threadId)
    {
        var catalog = _reader.GetRequiredService<IRunCatalog>();
        return (await catalog.FindThreadAsync(threadId, None))?.Holder is null
            && (await catalog.ListRunsAsync(threadId, 10, None)).All(run => run.IsFinal);
    }

    /// <summary>Writes down what a thread has come to, once its log was held against its rows.</summary>
    private async Task<string> DescribeAsync(RunThread thread)
    {
        var row = (await _cluster.Catalog.FindThreadAsync(thread.Id, None))!;
        var runs = (await _cluster.Catalog.ListRunsAsync(thread.Id, 10, None)).Reverse().ToList();
        var entries = await _cluster.Log.ReadPageAsync(row.LogId, 0, 1000, None);
        Assert.Equal(Enumerable.Range(0, entries.Length).Select(at => (long)at), entries.Select(entry => entry.Position));
        Assert.Distinct(entries.Select(entry => entry.Entry.AppendId));
        Assert.Distinct(
            from entry in entries
            from checkpoint in entry.Entry.Records.OfType<CheckpointLogRecord>()
            where checkpoint.RunId is null
            select (entry.Entry.RunId, checkpoint.Namespace, checkpoint.Checkpoint.Step));
        foreach (var run in runs)
        {
            var own = entries.Where(entry => entry.Entry.RunId == run.RunId);
            var ends = own.SelectMany(entry => entry.Entry.Records.OfType<EndLogRecord>()).ToList();
            Assert.All(ends, end => Assert.Equal(WireName.Of(run.Status), end.Status));
            Assert.True(ends.Count < 2, $"Run '{run.RunId}' has {ends.Count} ends.");
        }

        var state = await thread.GetStateAsync();
        var described = runs.Select(run => $"{run.Graph}: {run.Status} {run.StopReason} {(run.RolledBack ? "rolled back" : "kept")}");
        return $"{string.Join("; ", described)}; {state.Values}";
    }
}

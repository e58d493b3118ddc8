using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Single accesses of the leases fail while a silo starts, goes on with what a dead one left, and stops.</summary>
[Collection(SilosThatFailLast.Name)]
public sealed class LeaseFaultTests(ITestOutputHelper output)
{
    /// <summary>How far apart the accesses are that fail; the first one differs from time to time.</summary>
    private static readonly int Distance = LongTests.IsOn ? 1 : 3;

    /// <summary>Those without which no silo goes on with anything: their first ones fail every time.</summary>
    private static readonly string[] Calls = [nameof(IOwnerLeases.HoldAsync), nameof(IOwnerLeases.ListDueAsync)];

    [Theory]
    [InlineData(AccessFault.Refused)]
    [InlineData(AccessFault.AnswerLost)]
    public async Task Silo_NthLeaseAccessFails_GoesOnUnaskedWithTheRunOfADeadOne(AccessFault fault)
    {
        var hits = new List<string>();
        foreach (var call in Calls)
        {
            using var store = new RunStore();
            var access = new NthAccess(fault, from: 1, count: 1, call);
            await LiveAsync(store, access, $"a fault at the first {call}");
            Assert.Equal(call, access.Hit);
            hits.Add($"first {call}");
        }

        var first = Random.Shared.Next(1, Distance + 1);
        for (var from = Calls.Length + first; ; from += Distance)
        {
            using var store = new RunStore();
            var access = new NthAccess(fault, from, count: 1);
            var place = $"a fault at access {from} of the leases";
            await LiveAsync(store, access, place);
            if (access.Hit is not { } hit)
            {
                break;
            }

            hits.Add($"{from}: {hit}");
        }

        output.WriteLine(string.Join(", ", hits));
    }

    private static async Task LiveAsync(RunStore store, NthAccess access, string place)
    {
        var run = await LeaveAsync(store);
        access.Attach(store.LeaseHooks);
        await using (var cluster = await StartAsync(store, access))
        {
            cluster.Gates.Of(run.ThreadId).Open();
            await cluster.Gates.Of(run.ThreadId).ReachedAsync();
            var ended = await cluster.Runs.Run(run.RunId).WaitAsync().WithinAsync($"run '{run.RunId}' to end in spite of {place}");
            Assert.True((ended.Status, ended.Attempt) == (RunStatus.Success, 2), $"{ended} after {place}");
            await cluster.StopAsync();
        }

        NthAccess.Detach(store.LeaseHooks);
        await using var next = await StartAsync(store, access);
        Assert.Equal(RunStatus.Success, (await next.Runs.Run(run.RunId).GetAsync()).Status);
    }

    /// <summary>Starts a silo. One that cannot take its first lease ends and changes nothing; its supervisor starts it again.</summary>
    private static async Task<RunCluster> StartAsync(RunStore store, NthAccess access)
    {
        try
        {
            return await StartAsync(store);
        }
        catch (Exception) when (access.Hit == nameof(IOwnerLeases.HoldAsync))
        {
            return await StartAsync(store);
        }
    }

    private static Task<RunCluster> StartAsync(RunStore store) => RunCluster.StartAsync(options =>
    {
        options.Store = store;
        options.Configure = runs => runs.Configure<RunRecoveryOptions>(o => o.LeaseDuration = TimeSpan.FromSeconds(1));
    });

    /// <summary>Leaves a run behind as a silo does that died in its first superstep.</summary>
    private static async Task<RunRow> LeaveAsync(RunStore store)
    {
        await using var cluster = await StartAsync(store);
        var runId = Guid.CreateVersion7().ToString();
        var request = new StartRunRequest { RunId = runId, Graph = SampleGraphs.Gated, Input = "{}" };
        var run = new NewRun(runId, Guid.CreateVersion7().ToString(), SampleGraphs.Gated, "fingerprint", RunRequests.ToRow(request));
        await cluster.Catalog.AdmitAsync(run, CancellationToken.None);
        return await cluster.Catalog.BeginAsync(runId, 1, "a silo that died", CancellationToken.None);
    }
}

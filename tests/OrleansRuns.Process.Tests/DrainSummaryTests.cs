using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Process.Tests;

/// <summary>The one line in which a silo that is stopped sums its drain up, against what it has stored of each run.</summary>
public sealed class DrainSummaryTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(3, 0, "OrleansRuns__Runs__NodeCancellationGrace=00:00:01")]
    [InlineData(0, 3, "OrleansRuns__Runs__NodeCancellationGrace=00:01:00", "OrleansRuns__Drain__Timeout=00:00:10",
        "OrleansRuns__Drain__PersistReserve=0.8")]
    public async Task Sigterm_NodesAreDeaf_SumsUpOnceWhatBecameOfEachRun(int interrupted, int timedOut, params string[] settings)
    {
        var orders = interrupted + timedOut;
        var database = await PostgresTestDatabase.CreateAsync();
        var place = SiloPlace.Holding(database.ConnectionString) with
        {
            Prefix = ["env", "OrleansRuns__Drain__SuperstepGrace=00:00:00.5", .. settings],
        };
        await using var fleet = await SiloFleet.StartAsync([place], database.ConnectionString, database);
        await using var checker = new RunsChecker(fleet.ConnectionString);
        await Task.WhenAll(Enumerable.Range(1, orders).Select(number => HeldOrders.StartAsync(fleet.Runs, number)));
        await checker.DoneAsync("charge", orders, Bound);

        var silo = fleet.Silos[0];
        var end = await fleet.StopAsync(silo);

        output.WriteLine(end.Errors);
        Assert.True(end.ExitCode == 0, $"The silo ended with {end.ExitCode}: {end.Errors}");
        var said = Assert.Single(DrainSummary.ReadLog(end.Errors, silo.Address));
        Assert.Equal(Assert.Single(await checker.ReadDrainsAsync(silo.Address)), said);
        Assert.Equal(
            (orders, 0, interrupted, timedOut, 0, 0, orders),
            (said.Runs, said.Completed, said.Interrupted, said.TimedOut, said.NotPersisted, said.Cancelled, said.LeftBehind));
    }

    [Fact]
    public async Task Sigterm_ProgramIsBusy_SumsUpOnceWhatItHasStoredAndBeforeGrainsGo()
    {
        var database = await PostgresTestDatabase.CreateAsync();
        // Some runs end within so short a grace, and some need more. Orleans logs each stage of the stop when it is over.
        var place = SiloPlace.Serving(database.ConnectionString) with
        {
            Prefix =
            [
                "env", "OrleansRuns__Drain__SuperstepGrace=00:00:00.05", "Logging__LogLevel__Orleans.Runtime.SiloLifecycleSubject=Debug",
            ],
        };
        await using var fleet = await SiloFleet.StartAsync([place, place], database.ConnectionString, database);
        await using var checker = new RunsChecker(fleet.ConnectionString);
        await using var load = OrderLoad.Begin(fleet.Runs, callers: 12, flaky: 3);

        var silo = fleet.Silos[0];
        await BusySilo.PauseAsync(silo, checker, Bound, atLeast: 4);
        silo.Terminate();
        silo.Resume();
        var end = await fleet.EndedAsync(silo);
        await load.StopAsync();

        output.WriteLine(end.Errors);
        Assert.True(end.ExitCode == 0, $"The silo ended with {end.ExitCode}: {end.Errors}");
        var said = Assert.Single(DrainSummary.ReadLog(end.Errors, silo.Address));
        Assert.Equal(Assert.Single(await checker.ReadDrainsAsync(silo.Address)), said);
        Assert.Equal(said.Runs, said.Completed + said.Interrupted + said.TimedOut + said.NotPersisted);
        Assert.Matches(@"(?s) drained \d+ runs in .*'BecomeActive .*'GrainDeactivation .*'ApplicationServices ", end.Errors);
        Assert.DoesNotMatch(@"(?s)(?<=Stopping lifecycle stage )'BecomeActive .* drained \d+ runs in ", end.Errors);
    }
}

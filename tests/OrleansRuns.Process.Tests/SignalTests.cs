using System.Text.Json;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Process.Tests;

/// <summary>Signals that come more than once, or before there is anything to stop.</summary>
public sealed class SignalTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData("SIGTERM")]
    [InlineData("SIGINT")]
    public async Task Sigterm_AnotherSignalInTheDrain_DrainsOnceAndInFull(string second)
    {
        var database = await PostgresTestDatabase.CreateAsync();
        var place = SiloPlace.Holding(database.ConnectionString) with
        {
            Prefix = ["env", "OrleansRuns__Drain__SuperstepGrace=00:00:01.5", "OrleansRuns__Runs__NodeCancellationGrace=00:00:01.5"],
        };
        await using var fleet = await SiloFleet.StartAsync([place], database.ConnectionString, database);
        await using var checker = new RunsChecker(fleet.ConnectionString);
        var order = await HeldOrders.StartAsync(fleet.Runs, number: 1);
        await checker.DoneAsync("charge", 1, Bound);

        var silo = fleet.Silos[0];
        silo.Terminate();
        await LoggedAsync(silo, "drains 1 runs");
        Send(silo, second);
        var end = await fleet.EndedAsync(silo);
        var drain = Assert.Single((await fleet.RunAsync("drains", "--json")).Lines);
        await fleet.AddAsync(place);
        fleet.Silos[0].WriteLine("go");
        await checker.EndedAsync(Bound);
        var findings = await checker.FindAsync([order]);

        output.WriteLine(drain);
        Assert.True(end.ExitCode == 0, $"The silo ended with {end.ExitCode}: {end.Errors}");
        AssertLeftBehindWithinBudget(drain, order.RunId);
        Assert.True(findings.Count == 0, string.Join(Environment.NewLine, findings));
        Assert.Equal([], await checker.FindBrokenOffAsync());
    }

    [Theory]
    [InlineData(
        "its first connection", "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")]
    [InlineData("its tables", "select count(*) from pg_class where relname = 'threads'")]
    [InlineData("its row of the membership", "select count(*) from silos")]
    public async Task Sigterm_DuringStartUp_EndsInGoodOrderAndLeavesAUsableDatabase(string moment, string query)
    {
        var database = await PostgresTestDatabase.CreateAsync();
        await using var checker = new RunsChecker(database.ConnectionString);
        var folder = Directory.CreateTempSubdirectory("orleansruns-signal-");
        await using var program = ChildProgram.Start(SiloProcess.Assembly, folder.FullName, "--postgres", database.ConnectionString);

        await PauseAsync(program, checker, moment, query);
        program.Terminate();
        program.Resume();
        var end = await program.EndAsync();
        folder.Delete(recursive: true);
        await using var fleet = await SiloFleet.StartAsync(1, database.ConnectionString, database);
        await using var load = OrderLoad.Begin(fleet.Runs, callers: 4);
        await load.EndedAsync(8);
        await load.StopAsync();
        var findings = await checker.FindAsync(load.Acknowledged);
        var doctor = await fleet.RunAsync("doctor");

        output.WriteLine($"stopped at {moment}; it said: {end.Output} {end.Errors}");
        Assert.True(end.ExitCode == 0, $"The silo ended with {end.ExitCode}: {end.Errors}");
        // It had to join before it could leave.
        Assert.Contains(" takes part in the cluster", end.Output, StringComparison.Ordinal);
        Assert.Equal("Stopped.", end.Lines[^1]);
        Assert.Equal(fleet.Silos.Select(silo => silo.Address), await checker.ReadActiveSilosAsync());
        Assert.True(findings.Count == 0, string.Join(Environment.NewLine, findings));
        Assert.True(doctor.ExitCode == 0, doctor.Output + doctor.Errors);
    }

    /// <summary>Makes a program stand still in its start, so that a signal reaches it there.</summary>
    private static async Task PauseAsync(ChildProgram program, RunsChecker checker, string moment, string query)
    {
        await Eventually.TrueAsync(
            async () =>
            {
                program.Pause();
                if (await checker.IsSeenAsync(query))
                {
                    return true;
                }

                program.Resume();
                return false;
            },
            moment,
            Bound);
        // Its silo is active before the application has started.
        var isActive = await checker.IsSeenAsync("select count(*) from silos where status = 3");
        Assert.False(isActive, $"The start was over before it was caught at {moment}.");
    }

    private static void Send(SiloProcess silo, string signal)
    {
        if (signal == "SIGINT")
        {
            silo.Interrupt();
        }
        else
        {
            silo.Terminate();
        }
    }

    private static Task LoggedAsync(SiloProcess silo, string text) => Eventually.TrueAsync(
        () => Task.FromResult(silo.Log.Contains(text, StringComparison.Ordinal)), $"silo {silo.Address} to log '{text}'", Bound);

    private static void AssertLeftBehindWithinBudget(string drain, string runId)
    {
        using var report = JsonDocument.Parse(drain);
        var run = Assert.Single(report.RootElement.GetProperty("runs").EnumerateArray());
        Assert.Equal(runId, run.GetProperty("runId").GetString());
        // Its node is deaf: the run ended without it, after both graces.
        Assert.Equal("left_behind", run.GetProperty("signal").GetString());
        Assert.Equal("interrupted", run.GetProperty("outcome").GetString());
        Assert.True(report.RootElement.GetProperty("withinBudget").GetBoolean(), drain);
    }
}

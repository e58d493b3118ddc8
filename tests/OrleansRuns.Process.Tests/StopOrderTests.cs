using System.Text.RegularExpressions;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Process.Tests;

/// <summary>In which order a silo stops when its process is told to, by its own log.</summary>
public sealed partial class StopOrderTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Sigterm_RunsAreActive_DrainEndsBeforeGrainsAndDatabaseGoAndNothingIsWrittenAfter()
    {
        const int Orders = 3;
        var database = await PostgresTestDatabase.CreateAsync();
        // The nodes are deaf: the drain has to outlast both graces, and whoever does not wait for it is far ahead by then.
        var place = SiloPlace.Holding(database.ConnectionString) with
        {
            Prefix = ["env", "OrleansRuns__Drain__SuperstepGrace=00:00:01", "OrleansRuns__Runs__NodeCancellationGrace=00:00:01"],
        };
        await using var fleet = await SiloFleet.StartAsync([place], database.ConnectionString, database);
        await using var checker = new RunsChecker(fleet.ConnectionString);
        await Task.WhenAll(Enumerable.Range(1, Orders).Select(number => HeldOrders.StartAsync(fleet.Runs, number)));
        await checker.DoneAsync("charge", Orders, Bound);

        var end = await fleet.StopAsync(fleet.Silos[0]);

        output.WriteLine(end.Errors);
        Assert.True(end.ExitCode == 0, $"The silo ended with {end.ExitCode}: {end.Errors}");
        var said = Said().Matches(end.Errors).Select(line => line.Groups["said"].Value).ToList();
        Assert.Equal(
            [
                // Of each run the end in its log and then its row, side by side with the others.
                .. Enumerable.Repeat("AppendAsync is written", Orders),
                .. Enumerable.Repeat("EndAsync is written", Orders),
                $"drained {Orders} runs in",
                "SaveAsync is written",
                "the deactivation of grains begins",
                "the closing of storage begins",
                "the database is given back",
                "the database is closed",
            ],
            [.. said.Take(2 * Orders).Order(StringComparer.Ordinal), .. said.Skip(2 * Orders)]);
        Assert.DoesNotContain(nameof(ObjectDisposedException), end.Errors, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"Stop: (?<said>[^.\n]+)|Silo \S+ (?<said>drained [0-9]+ runs in)")]
    private static partial Regex Said();
}

using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansRuns.Abstractions;
using OrleansRuns.AdoNet;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>Three silos under load: one is stopped and one is killed, and the database is asked what became of the runs.</summary>
internal sealed class ScaleInDemo(DemoServer server, int total, Action<string> say)
{
    private const int Silos = 3;

    private readonly long _started = TimeProvider.System.GetTimestamp();

    /// <summary>Plays it.</summary>
    /// <returns>What the database says of it.</returns>
    internal async Task<DemoReport> PlayAsync(CancellationToken cancellationToken)
    {
        var silos = Enumerable.Range(1, Silos).Select(number => DemoSilo.Start($"silo {number}", server.ConnectionString)).ToList();
        try
        {
            await Task.WhenAll(silos.Select(silo => silo.Serving)).WaitAsync(cancellationToken);
            Say($"{Silos} silos serve {server.DisplayName}");
            using var client = ClusterSilo.BuildClient(server.ConnectionString, LogLevel.Critical);
            await client.StartAsync(cancellationToken);
            using var load = new DemoLoad(client.Services.GetRequiredService<IRunsClient>(), total);
            try
            {
                await ScaleInAsync(client.Services.GetRequiredService<IRunsClient>(), load, silos, cancellationToken);
            }
            finally
            {
                await client.StopAsync(CancellationToken.None);
            }

            return await JudgeAsync(load, silos, cancellationToken);
        }
        finally
        {
            await Task.WhenAll(silos.Select(silo => silo.DisposeAsync().AsTask()));
        }
    }

    private async Task ScaleInAsync(IRunsClient runs, DemoLoad load, List<DemoSilo> silos, CancellationToken cancellationToken)
    {
        using var playing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var placing = load.PlaceAsync(playing.Token);
        try
        {
            Say($"{Math.Min(DemoLoad.Callers, total)} callers place {total} orders");
            await load.EndedAsync(total / 4, placing, cancellationToken);
            Say($"SIGTERM for {silos[0].Name} ({await DescribeAsync(runs, silos[0], cancellationToken)})");
            var asked = TimeProvider.System.GetTimestamp();
            var exitCode = await silos[0].TerminateAsync();
            Say($"{silos[0].Name} has ended after {Seconds(TimeProvider.System.GetElapsedTime(asked))} with exit code {exitCode}");
            await load.EndedAsync(total / 4, placing, cancellationToken);
            Say($"kill -9 for {silos[1].Name} ({await DescribeAsync(runs, silos[1], cancellationToken)})");
            await silos[1].KillAsync();
            await placing;
            Say("all orders have ended");
        }
        finally
        {
            await playing.CancelAsync();
            // What the callers meet when the demonstration ends early is no news.
            await Task.WhenAny(placing);
        }
    }

    private static async Task<string> DescribeAsync(IRunsClient runs, DemoSilo silo, CancellationToken cancellationToken)
    {
        var found = (await runs.GetSilosAsync(cancellationToken)).FirstOrDefault(one => IsAt(one.Silo, silo));
        return found?.Forecast is { } forecast
            ? $"{forecast.Runs} runs, about {Seconds(forecast.Duration)} to drain them"
            : "it does not tell of itself";
    }

    private async Task<DemoReport> JudgeAsync(DemoLoad load, List<DemoSilo> silos, CancellationToken cancellationToken)
    {
        await using var services = EmbeddedSilo.BuildReader(new RunsDatabase(new FileInfo("."), server.ConnectionString, null));
        await services.GetRequiredService<RunsReader>().OpenAsync(cancellationToken);
        using var effects = OrderEffects.Open(new OrderOptions { ConnectionString = server.ConnectionString }, TimeProvider.System);
        var verdicts = new List<DemoVerdict>();
        var broken = new List<string>();
        foreach (var run in load.Runs)
        {
            if (await JudgeAsync(run, services, silos, cancellationToken) is not { } verdict)
            {
                broken.Add($"run {run.RunId} was placed and is lost");
                continue;
            }

            verdicts.Add(verdict);
            broken.AddRange(verdict.Broken);
            var done = await effects.ReadKindsAsync(run.ThreadId, cancellationToken);
            if (!done.Order(StringComparer.Ordinal).SequenceEqual(["charge", "reserve", "ship"]))
            {
                broken.Add($"'{run.ThreadId}' did {string.Join(", ", done)}, not each step once");
            }
        }

        var examined = await services.GetRequiredService<IRunDoctor>().ExamineAsync(repair: false, cancellationToken);
        broken.AddRange(examined.Findings.Select(finding => $"thread {finding.ThreadId}: {finding.Text}"));
        var told = load.Runs.Sum(run => run.ToldCheckpoints.Distinct(StringComparer.Ordinal).Count());
        return new DemoReport(verdicts, told, examined.Entries, broken);
    }

    private static async Task<DemoVerdict?> JudgeAsync(
        DemoRun run, IServiceProvider services, List<DemoSilo> silos, CancellationToken cancellationToken)
    {
        var thread = await services.GetRequiredService<IRunCatalog>().FindThreadAsync(run.ThreadId, cancellationToken);
        if (thread is null)
        {
            return null;
        }

        var rows = await services.GetRequiredService<IThreadHistory>().GetRunsAsync(run.ThreadId, 1, cancellationToken);
        var log = await services.GetRequiredService<IThreadLogStore>().ReadPageAsync(thread.LogId, 0, 1000, cancellationToken);
        return rows.FirstOrDefault(row => row.RunId == run.RunId) is { } found
            ? DemoVerdict.Of(run, found, [.. log.Select(one => one.Entry)], owner => silos.Find(silo => IsAt(owner, silo))?.Name ?? owner)
            : null;
    }

    private static bool IsAt(string address, DemoSilo silo) =>
        address.Contains(string.Create(CultureInfo.InvariantCulture, $":{silo.Port}@"), StringComparison.Ordinal);

    private void Say(string text) => say($"{Seconds(TimeProvider.System.GetElapsedTime(_started)),7}  {text}");

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}

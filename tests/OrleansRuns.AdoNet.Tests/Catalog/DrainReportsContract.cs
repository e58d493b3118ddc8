using OrleansRuns.Abstractions;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>What the drain reports of every store promise. Tests share a store, and each has silos of its own.</summary>
public abstract class DrainReportsContract(IStorageBench bench)
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly DateTimeOffset Start = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
    private static int _number;

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(450)]
    public async Task SaveAsync_SoManyRuns_AreListedAsTheyWereTold(int runs)
    {
        var report = Report(runs);

        await bench.Drains.SaveAsync(report, None);
        var listed = (await bench.Drains.ListAsync(100, None)).Single(one => one.Silo == report.Silo);

        Assert.Equal(report with { Runs = [] }, listed with { Runs = [] });
        Assert.Equal(report.Runs, listed.Runs);
    }

    [Fact]
    public async Task SaveAsync_Again_ChangesNothing()
    {
        var report = Report(runs: 2);

        await bench.Drains.SaveAsync(report, None);
        await bench.Drains.SaveAsync(report with { Budget = TimeSpan.FromHours(1), Runs = [] }, None);

        var listed = (await bench.Drains.ListAsync(100, None)).Single(one => one.Silo == report.Silo);
        Assert.Equal((report.Budget, 2), (listed.Budget, listed.Runs.Count));
    }

    [Fact]
    public async Task SaveAsync_SiloWasDrainedBefore_IsAnotherReport()
    {
        var forced = Report(runs: 3);
        var stopped = forced with { StartedAt = forced.StartedAt.AddMinutes(1), Runs = [Run(7)] };

        await bench.Drains.SaveAsync(forced, None);
        await bench.Drains.SaveAsync(stopped, None);

        var listed = (await bench.Drains.ListAsync(100, None)).Where(one => one.Silo == forced.Silo).ToList();
        Assert.Equal([stopped.Runs, forced.Runs], listed.ConvertAll(one => one.Runs));
    }

    [Fact]
    public async Task ListAsync_Limit_GivesTheNewest()
    {
        var reports = new[] { Report(runs: 1), Report(runs: 1), Report(runs: 1) };
        foreach (var report in reports)
        {
            await bench.Drains.SaveAsync(report, None);
        }

        var listed = await bench.Drains.ListAsync(2, None);

        Assert.Equal([reports[2].Silo, reports[1].Silo], listed.Select(one => one.Silo));
        Assert.All(listed, one => Assert.Single(one.Runs));
    }

    [Fact]
    public async Task ListAsync_WhileReportsAreSaved_ShowsEachWithItsRuns()
    {
        var reports = Enumerable.Range(0, 60).Select(_ => Report(runs: 3)).ToList();
        var silos = reports.ConvertAll(report => report.Silo);
        var saving = Task.Run(async () =>
        {
            foreach (var report in reports)
            {
                await bench.Drains.SaveAsync(report, None);
            }
        });

        while (!saving.IsCompleted)
        {
            var listed = await bench.Drains.ListAsync(5, None);
            Assert.All(listed.Where(one => silos.Contains(one.Silo)), one => Assert.Equal(3, one.Runs.Count));
        }

        await saving;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public async Task ListAsync_LimitOutOfRange_IsRefused(int limit) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => bench.Drains.ListAsync(limit, None));

    private static DrainReport Report(int runs)
    {
        var number = Interlocked.Increment(ref _number);
        return new DrainReport
        {
            Silo = $"blue/10.0.0.1:11111@{number}",
            StartedAt = Start.AddHours(number),
            Elapsed = TimeSpan.FromMilliseconds(1234),
            Budget = TimeSpan.FromSeconds(25),
            Runs = [.. Enumerable.Range(0, runs).Select(Run)],
        };
    }

    private static DrainedRun Run(int at) => new()
    {
        RunId = $"run-{at:D4}",
        ThreadId = $"thread-{at}",
        Outcome = (DrainOutcome)(at % 4),
        Signal = (DrainSignal)(at % 3),
        Status = (RunStatus)(at % 6),
        StopReason = at % 2 == 0 ? StopReason.Drained : null,
        Resumable = at % 3 == 0,
        CheckpointId = at % 2 == 1 ? $"checkpoint-{at}" : null,
        Elapsed = TimeSpan.FromMilliseconds(at),
        Error = at % 4 == 3 ? "The database did not answer." : null,
    };
}

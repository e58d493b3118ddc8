using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.AdoNet;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;
using Xunit.Abstractions;

namespace OrleansRuns.Host.Tests;

/// <summary>Kills runs of a graph at points they announced and lets them go on, each time in new processes.</summary>
internal sealed class KillLoop(HostProgram program, string graph, Func<string, string> inputOf, ITestOutputHelper output)
{
    /// <summary>Gets how many runs are killed: few in every run of the tests, many in the long one.</summary>
    internal static int Kills => LongTests.Loops(few: 4, many: 100);

    /// <summary>Kills run after run.</summary>
    /// <param name="afterKill">Looks at what is durable after a kill, given the thread.</param>
    /// <param name="afterEnd">Judges the end, given the thread, what was durable, and the final line of the program.</param>
    internal async Task RunAsync<T>(Func<string, Task<T>> afterKill, Func<string, T, JsonElement, Task> afterEnd)
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        output.WriteLine($"seed {seed}, {Kills} kills");
        var announced = await CountAnnouncedAsync();
        var hits = 0;
        for (var index = 0; index < Kills; index++)
        {
            var thread = $"kill-{index}";
            var point = random.Next(1, announced);
            var said = await KillAtAsync(thread, point);
            var durable = await afterKill(thread);
            var checkpoints = await ReadCheckpointsAsync(thread);
            var wasUnfinished = await IsUnfinishedAsync(thread);
            hits += wasUnfinished ? 1 : 0;
            output.WriteLine($"{thread}: killed after line {point} ({said}), {checkpoints.Count} checkpoints, unfinished: {wasUnfinished}");

            var ended = wasUnfinished
                ? await program.RunJsonAsync(ExitCode.Success, "run", graph, "--thread", thread, "--resume")
                : await program.RunJsonAsync(ExitCode.Success, "show", thread);

            Assert.Equal(checkpoints, (await ReadCheckpointsAsync(thread)).TakeLast(checkpoints.Count));
            await afterEnd(thread, durable, ended);
        }

        Assert.True(hits > 0 && hits >= Kills / 4, $"Seed {seed}: only {hits} of {Kills} kills hit a run that was not finished.");
        output.WriteLine($"{hits} of {Kills} kills hit a run that was not finished");
    }

    /// <summary>Reads the log of a thread.</summary>
    internal async Task<IReadOnlyList<StoredEntry>> ReadLogAsync(string thread)
    {
        await using var services = EmbeddedSilo.BuildReader(new RunsDatabase(new FileInfo(program.Database), null, null));
        await services.GetRequiredService<RunsReader>().OpenAsync();
        var row = await services.GetRequiredService<IRunCatalog>().FindThreadAsync(thread, CancellationToken.None);
        var entries = new List<StoredEntry>();
        while (row is not null)
        {
            var page = await services.GetRequiredService<IThreadLogStore>()
                .ReadPageAsync(row.LogId, entries.Count, 500, CancellationToken.None);
            entries.AddRange(page);
            if (page.Length < 500)
            {
                break;
            }
        }

        return entries;
    }

    private async Task<int> CountAnnouncedAsync()
    {
        var end = await program.RunAsync("run", graph, "--thread", "undisturbed", "--input", inputOf("undisturbed"), "--json");
        Assert.True(end.ExitCode == ExitCode.Success, end.Errors);
        return end.Lines.Count;
    }

    private async Task<string> KillAtAsync(string thread, int point)
    {
        await using var child = program.Start("run", graph, "--thread", thread, "--input", inputOf(thread), "--json");
        var last = "";
        for (var read = 0; read < point && await child.ReadLineAsync() is { } line; read++)
        {
            last = HostProgram.Json(line).GetProperty("kind").GetString()!;
        }

        await child.KillAsync();
        return last;
    }

    private async Task<IReadOnlyList<string>> ReadCheckpointsAsync(string thread) =>
    [
        .. from entry in await ReadLogAsync(thread)
           from record in entry.Entry.Records.OfType<CheckpointLogRecord>()
           where record.RunId is null && record.Namespace.Length == 0
           orderby entry.Position descending
           select record.Checkpoint.Id,
    ];

    private async Task<bool> IsUnfinishedAsync(string thread)
    {
        await using var services = EmbeddedSilo.BuildReader(new RunsDatabase(new FileInfo(program.Database), null, null));
        await services.GetRequiredService<RunsReader>().OpenAsync();
        var runs = await services.GetRequiredService<IRunCatalog>().ListRunsAsync(thread, 1, CancellationToken.None);
        return runs is [{ IsFinal: false }];
    }
}

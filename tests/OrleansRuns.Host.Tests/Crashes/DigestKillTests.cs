using System.Text.Json;
using OrleansRuns.Runtime;
using Xunit.Abstractions;

namespace OrleansRuns.Host.Tests;

public sealed class DigestKillTests(ITestOutputHelper output)
{
    private const int Files = 80;

    [Fact]
    public async Task Kill9_DuringDigest_LosesNoSuperstepAndReadsNoDurableFileAgain()
    {
        using var program = new HostProgram();
        foreach (var index in Enumerable.Range(0, Files))
        {
            program.Write($"texts/{index:D3}.txt", string.Join(' ', Enumerable.Range(0, 50 + index).Select(word => $"word{word % 7}.")));
        }

        var readLog = program.PathOf("reads.log");
        var loop = new KillLoop(program, "digest", _ => """{"folder":"texts","readLog":"reads.log"}""", output);
        JsonElement? expected = null;

        await loop.RunAsync(
            async thread =>
            {
                expected ??= (await program.RunJsonAsync(ExitCode.Success, "show", "undisturbed")).GetProperty("values");
                return (Durable: DurableFiles(await loop.ReadLogAsync(thread)), Reads: await CountReadsAsync());
            },
            async (thread, before, ended) =>
            {
                Assert.True(
                    JsonElement.DeepEquals(expected!.Value, ended.GetProperty("values")),
                    $"{thread} ended in another state: {ended.GetProperty("values")}");
                var reads = await CountReadsAsync();
                Assert.All(before.Durable, path => Assert.Equal(before.Reads[path], reads[path]));
            });

        async Task<Dictionary<string, int>> CountReadsAsync() =>
            (await File.ReadAllLinesAsync(readLog)).Select(line => line.Split(' ')[^1]).CountBy(path => path).ToDictionary();
    }

    /// <summary>Finds the files whose counts are durable, be it as pending writes or in a checkpoint.</summary>
    private static HashSet<string> DurableFiles(IReadOnlyList<StoredEntry> log)
    {
        var updates = log.SelectMany(stored => stored.Entry.Records).OfType<WritesLogRecord>()
            .SelectMany(record => record.Tasks)
            .Where(task => task is { Node: "count", Finished: true })
            .SelectMany(task => task.Update!.Value.GetProperty("files").EnumerateArray())
            .Select(file => file.GetProperty("path").GetString()!);
        var isFolded = log.SelectMany(stored => stored.Entry.Records).OfType<CheckpointLogRecord>()
            .Any(record => record.Checkpoint.Step >= 1);
        return isFolded ? [.. Enumerable.Range(0, Files).Select(index => $"{index:D3}.txt")] : [.. updates];
    }
}

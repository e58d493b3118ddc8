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

    [Fact]
    public async Task Kill9_WhileSomeFilesAreDurable_ReadsOnlyTheOthersAgain()
    {
        using var program = new HostProgram();
        // The notes of all files are more than a pipe takes (64 KiB), so that some files are counted and the others wait for theirs.
        var deep = string.Join('/', Enumerable.Repeat(new string('d', 250), 4));
        foreach (var index in Enumerable.Range(0, Files))
        {
            program.Write($"texts/{deep}/{index:D3}.txt", "One two.");
        }

        string[] run = ["run", "digest", "--input", """{"folder":"texts","readLog":"reads.log"}""", "--thread"];
        var expected = (await program.RunJsonAsync(ExitCode.Success, [.. run, "undisturbed"])).GetProperty("values");
        File.Delete(program.PathOf("reads.log"));
        var pipe = await program.MakePipeAsync("reads.log");
        string[] before;
        await using (var held = new FileStream(pipe, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            await using var child = program.Start([.. run, "killed", "--json"]);
            while (await child.ReadLineAsync() is { } line && !IsEndOfCount(HostProgram.Json(line)))
            {
            }

            await child.KillAsync();
            before = await DrainAsync(pipe, held);
        }

        var durable = DurableFiles(await new KillLoop(program, "digest", _ => "", output).ReadLogAsync("killed"));
        File.Delete(pipe);
        await File.WriteAllLinesAsync(pipe, before);
        var history = await program.RunAsync("history", "killed");
        var ended = await program.RunJsonAsync(ExitCode.Success, "run", "digest", "--thread", "killed", "--resume");

        var reads = (await File.ReadAllLinesAsync(pipe)).Select(line => line.Split('/')[^1]).CountBy(name => name).ToDictionary();
        output.WriteLine($"{durable.Count} of {Files} files were durable, {before.Length} had been begun");
        Assert.InRange(durable.Count, 1, Files - 1);
        Assert.EndsWith($"next: count × {Files - durable.Count}", history.Lines[0], StringComparison.Ordinal);
        Assert.Equal(Files, reads.Count);
        Assert.All(durable, path => Assert.Equal(1, reads[path.Split('/')[^1]]));
        Assert.True(JsonElement.DeepEquals(expected, ended.GetProperty("values")), $"Another state: {ended.GetProperty("values")}");
    }

    private static bool IsEndOfCount(JsonElement line) =>
        line.GetProperty("kind").GetString() == "tasks"
        && line.GetProperty("data").GetProperty("node").GetString() == "count"
        && line.GetProperty("data").GetProperty("phase").GetString() == "end";

    /// <summary>Reads what a pipe holds, which is lost when nobody has it open.</summary>
    private static async Task<string[]> DrainAsync(string pipe, FileStream held)
    {
        using var reader = new StreamReader(new FileStream(pipe, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        // The last one who might still write: without it the pipe has an end.
        await held.DisposeAsync();
        return (await reader.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
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

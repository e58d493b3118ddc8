using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Host.Tests;

/// <summary>Digests of real folders in a cluster.</summary>
public sealed class DigestTests : IAsyncLifetime
{
    private readonly HostProgram _folder = new();
    private RunCluster _cluster = null!;

    public async Task InitializeAsync() =>
        _cluster = await RunCluster.StartAsync(options => options.Configure = runs => runs.AddGraph<DigestGraph>("digest"));

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Run_FolderOfAllKinds_TakesTextAndSaysWhyNotTheRest()
    {
        _folder.Write("in/b.txt", "Two words.");
        _folder.Write("in/a/z.txt", "Deeper still.\n");
        _folder.Write("in/empty.txt", "");
        _folder.Write("in/.hidden/x.txt", "hidden");
        _folder.Write("in/bin/x.txt", "built");
        await File.WriteAllBytesAsync(_folder.PathOf("in", "image.png"), [0x89, 0x50, 0, 0x4e]);
        await File.WriteAllBytesAsync(_folder.PathOf("in", "latin.txt"), Encoding.Latin1.GetBytes("Käse"));
        await using (var huge = File.Create(_folder.PathOf("in", "huge.txt")))
        {
            huge.SetLength(DigestFiles.MaxFileBytes + 1);
        }

        var state = await RunAsync(new { folder = _folder.PathOf("in"), report = _folder.PathOf("report.md") });

        Assert.Equal(["a/z.txt", "b.txt", "empty.txt"], Paths(state, "files"));
        Assert.Equal(["huge.txt", "image.png", "latin.txt"], Paths(state, "skipped"));
        var reasons = Reasons(state);
        Assert.Contains("16,777,217 bytes", reasons[0], StringComparison.Ordinal);
        Assert.Contains("zero byte", reasons[1], StringComparison.Ordinal);
        Assert.Contains("no UTF-8 text: byte 1", reasons[2], StringComparison.Ordinal);
        Assert.Equal((2, 4), (state.GetProperty("lines").GetInt64(), state.GetProperty("words").GetInt64()));
        Assert.Contains("- latin.txt: ", await File.ReadAllTextAsync(_folder.PathOf("report.md")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_FolderWithAPipeAndASocket_WaitsForNeitherAndSaysSo()
    {
        _folder.Write("in/a.txt", "One.");
        await _folder.MakePipeAsync("in/pipe");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_folder.PathOf("in", "socket")));

        var state = await RunAsync(new { folder = _folder.PathOf("in"), report = _folder.PathOf("report.md") });

        Assert.Equal(["a.txt"], Paths(state, "files"));
        Assert.Equal(["pipe", "socket"], Paths(state, "skipped"));
        Assert.Equal(["it is a named pipe", "it is a socket"], Reasons(state).Select(reason => reason.Split(',')[0]));
    }

    [Fact]
    public async Task Run_FolderWithLinks_FollowsNoneAndSaysSo()
    {
        _folder.Write("in/a.txt", "One.");
        _folder.Write("in/deep/b.md", "Two.");
        File.CreateSymbolicLink(_folder.PathOf("in", "link.txt"), "a.txt");
        File.CreateSymbolicLink(_folder.PathOf("in", "link.md"), "deep/b.md");
        File.CreateSymbolicLink(_folder.PathOf("in", "broken.txt"), "nowhere");
        Directory.CreateSymbolicLink(_folder.PathOf("in", "deep", "loop"), "..");

        var state = await RunAsync(new { folder = _folder.PathOf("in"), pattern = "*.txt", report = _folder.PathOf("report.md") });

        Assert.Equal(["a.txt"], Paths(state, "files"));
        Assert.Equal(["broken.txt", "deep/loop/", "link.txt"], Paths(state, "skipped"));
        Assert.All(Reasons(state), reason => Assert.StartsWith("it is a link", reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_FileBesideTheReport_IsKept()
    {
        _folder.Write("in/a.txt", "One.");
        var mine = _folder.Write("report.md.new", "mine");

        await RunAsync(new { folder = _folder.PathOf("in"), report = _folder.PathOf("report.md") });

        Assert.Equal("mine", await File.ReadAllTextAsync(mine));
        Assert.Equal(["in", "report.md", "report.md.new"], Directory.GetFileSystemEntries(_folder.Folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Render_NamesThatLookLikeMarkdown_StayAsTheyAre()
    {
        var state = new DigestState { Folder = "/a_b_c" };
        state = state with { Files = state.Files.Append(new FileDigest("__init__.py", 1, 1, 0)) };
        state = state with { Files = state.Files.Append(new FileDigest("a|b\nc.txt", 1, 1, 0)) };
        state = state with { Skipped = state.Skipped.Append(new SkippedFile("<b>\n# x", "it is *no* text")) };

        var lines = DigestReport.Render(state).Split('\n');

        Assert.Equal(@"# Digest of /a\_b\_c", lines[0]);
        Assert.Contains(@"| \_\_init\_\_.py | 1 | 1 | 0.0 |", lines);
        Assert.Contains(@"| a\|b c.txt | 1 | 1 | 0.0 |", lines);
        Assert.Contains(@"- \<b\> # x: it is \*no\* text", lines);
    }

    [Fact]
    public async Task Run_Pattern_TakesOnlyWhatFits()
    {
        _folder.Write("in/a.md", "one");
        _folder.Write("in/b.txt", "two");

        var state = await RunAsync(new { folder = _folder.PathOf("in"), pattern = "*.md", report = _folder.PathOf("report.md") });

        Assert.Equal(["a.md"], Paths(state, "files"));
    }

    [Fact]
    public async Task Run_EmptyFolder_ReportsNothing()
    {
        Directory.CreateDirectory(_folder.PathOf("in"));

        var state = await RunAsync(new { folder = _folder.PathOf("in"), report = _folder.PathOf("report.md") });

        Assert.Empty(Paths(state, "files"));
        Assert.Contains("0 text files", await File.ReadAllTextAsync(_folder.PathOf("report.md")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_SeveralThousandFiles_CountsEveryOne()
    {
        const int files = 3000;
        foreach (var index in Enumerable.Range(0, files))
        {
            _folder.Write($"in/{index % 10}/{index:D4}.txt", $"term{(char)('a' + (index % 3))}\n");
        }

        var state = await RunAsync(new { folder = _folder.PathOf("in"), report = _folder.PathOf("report.md") });

        Assert.Equal(files, state.GetProperty("files").GetArrayLength());
        Assert.Equal(Paths(state, "files").Order(StringComparer.Ordinal), Paths(state, "files"));
        Assert.Equal(
            [("terma", 1000), ("termb", 1000), ("termc", 1000)],
            state.GetProperty("topTerms").EnumerateArray()
                .Select(top => (top.GetProperty("term").GetString()!, top.GetProperty("count").GetInt32())));
    }

    [Fact]
    public async Task Run_TermThatIsRareInEveryFile_IsFrequentInAll()
    {
        const int files = 200;
        foreach (var index in Enumerable.Range(0, files))
        {
            var own = string.Join(' ', Enumerable.Range(0, 60).Select(word => $"own{Letters(index)}x{Letters(word)}"));
            _folder.Write($"in/{index:D3}.txt", $"{own} {own} zebra\n");
        }

        var state = await RunAsync(new { folder = _folder.PathOf("in"), report = _folder.PathOf("report.md") });

        var first = state.GetProperty("topTerms")[0];
        Assert.Equal(("zebra", files), (first.GetProperty("term").GetString(), first.GetProperty("count").GetInt32()));

        static string Letters(int number) => string.Concat($"{number:D3}".Select(digit => (char)('a' + digit - '0')));
    }

    [Fact]
    public async Task Run_Refused_LeavesNoReport()
    {
        _folder.Write("in/a.txt", "One.");
        var thread = _cluster.Runs.Thread();
        var asking = await thread.StartAsync(
            "digest", new { folder = _folder.PathOf("in"), report = _folder.PathOf("report.md"), approve = true });
        await asking.WaitAsync().WithinAsync("the digest to ask");
        var question = Assert.Single((await thread.GetStateAsync()).Interrupts);

        var refused = await thread.ResumeAsync("digest", false);
        var state = await refused.ResultAsync<JsonElement>().WithinAsync("the refused digest to end");

        Assert.Contains("\"words\":1", question.Value, StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, state.GetProperty("report").ValueKind);
        Assert.False(File.Exists(_folder.PathOf("report.md")));
    }

    [Fact]
    public async Task Run_ThreadUsedAgain_StartsWithACleanSheet()
    {
        _folder.Write("in/a.txt", "One.");
        var thread = _cluster.Runs.Thread();
        var input = new { folder = _folder.PathOf("in"), report = _folder.PathOf("report.md") };

        await (await thread.StartAsync("digest", input)).ResultAsync<JsonElement>().WithinAsync("the first digest");
        var again = await (await thread.StartAsync("digest", input)).ResultAsync<JsonElement>().WithinAsync("the second digest");

        Assert.Equal(["a.txt"], Paths(again, "files"));
        Assert.Equal(1, again.GetProperty("words").GetInt64());
    }

    [Fact]
    public async Task Run_MissingFolder_IsRefusedAndNothingIsMade()
    {
        var thread = _cluster.Runs.Thread();

        var refused = await Assert.ThrowsAsync<InvalidRunRequestException>(
            () => thread.StartAsync("digest", new { folder = _folder.PathOf("nowhere") }));

        Assert.Equal("$.folder", refused.Path);
        await Assert.ThrowsAsync<ThreadNotFoundException>(() => thread.GetStateAsync());
    }

    private static IEnumerable<string> Paths(JsonElement state, string member) =>
        state.GetProperty(member).EnumerateArray().Select(file => file.GetProperty("path").GetString()!);

    private static List<string> Reasons(JsonElement state) =>
        [.. state.GetProperty("skipped").EnumerateArray().Select(file => file.GetProperty("reason").GetString()!)];

    private async Task<JsonElement> RunAsync(object input)
    {
        var run = await _cluster.Runs.Thread().StartAsync("digest", input);
        return await run.ResultAsync<JsonElement>().WithinAsync($"digest {input} to end");
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;
using Samples = OrleansRuns.TestKit.SampleGraphs;

namespace OrleansRuns.Host.Tests;

public sealed class RunStreamTests
{
    private const string UnknownRun = "01a2053f-e9ce-763c-ae14-50e81111fd2a";

    [Fact]
    public async Task Stream_RunGoesOn_TellsItsEventsAndEndsWithIt()
    {
        await using var bench = await WebBench.StartAsync();
        var (run, path, gate) = await bench.StartGatedRunAsync();
        using var reader = await EventReader.OpenAsync(bench.Client, path);
        var first = await reader.NextAsync();
        var begun = await reader.ReadAsync(told => told.Kind == RunEventKinds.Metadata);

        gate.Open();
        var all = begun.Concat(await reader.ReadAsync()).ToList();

        var told = await run.EventsAsync().ToListAsync();
        Assert.Equal(told.Select(one => new ToldEvent(one.Number, one.Kind, one.Data)), all);
        Assert.Equal("1000", first!["retry"]);
        Assert.Equal("text/event-stream", reader.Headers.ContentType!.MediaType);
        Assert.Equal(RunEventKinds.End, all[^1].Kind);
    }

    [Fact]
    public async Task Stream_LastEventId_GoesOnBehindItWhateverItIs()
    {
        await using var bench = await WebBench.StartAsync();
        var (run, path, gate) = await bench.StartGatedRunAsync();
        gate.Open();
        await run.WaitAsync().WithinAsync("the run to end");
        var all = await ReadAsync(bench, path, after: -1);

        foreach (var (seen, one) in all.Index().SkipLast(1))
        {
            Assert.Equal(all.Skip(seen + 1), await ReadAsync(bench, path, one.Id));
        }

        Assert.True(all.Count > 10, $"There are only {all.Count} events.");
    }

    [Fact]
    public async Task Stream_EndWasSeen_IsNoContentSoThatNobodyComesAgain()
    {
        await using var bench = await WebBench.StartAsync();
        var (run, path, gate) = await bench.StartGatedRunAsync();
        gate.Open();
        await run.WaitAsync().WithinAsync("the run to end");
        var all = await ReadAsync(bench, path, after: null);

        using var again = await EventReader.AskAsync(bench.Client, path, $"{all[^1].Id}");

        Assert.Equal(HttpStatusCode.NoContent, again.StatusCode);
    }

    [Fact]
    public async Task Stream_NothingHappens_GetsHeartbeats()
    {
        await using var bench = await WebBench.StartAsync(web => web.Heartbeat = TimeSpan.FromMilliseconds(50));
        var (_, path, _) = await bench.StartGatedRunAsync();
        using var reader = await EventReader.OpenAsync(bench.Client, path);

        var beats = 0;
        while (beats < 3)
        {
            beats += await reader.NextAsync() is { } fields && fields.TryGetValue("", out var text) && text == "heartbeat" ? 1 : 0;
        }

        Assert.Equal(3, beats);
    }

    [Theory]
    [InlineData("/threads/t/runs/" + UnknownRun + "/stream", null, HttpStatusCode.NotFound, "There is no run '" + UnknownRun)]
    [InlineData("/threads/t/runs/nonsense/stream", null, HttpStatusCode.BadRequest, "'nonsense' is no id of a run.")]
    [InlineData("/threads/a%20b/runs/" + UnknownRun + "/stream", null, HttpStatusCode.BadRequest, "'a b' is no id of a thread.")]
    [InlineData("/threads/t/runs/" + UnknownRun + "/stream", "first", HttpStatusCode.BadRequest, "Last-Event-ID 'first' is no number")]
    [InlineData("/threads/t/runs/" + UnknownRun + "/stream", "-2", HttpStatusCode.BadRequest, "Last-Event-ID '-2' is no number")]
    [InlineData("/nowhere", null, HttpStatusCode.NotFound, "Not Found")]
    public async Task Stream_NoSuchRun_IsAProblem(string path, string? after, HttpStatusCode status, string message)
    {
        await using var bench = await WebBench.StartAsync();

        using var response = await EventReader.AskAsync(bench.Client, path, after);

        await AssertProblemAsync(response, status, message);
    }

    [Fact]
    public async Task Stream_RunOfAnotherThread_IsNotFound()
    {
        await using var bench = await WebBench.StartAsync();
        var (run, _, _) = await bench.StartGatedRunAsync();

        using var response = await EventReader.AskAsync(bench.Client, WebBench.PathOf("other", run.Id));

        await AssertProblemAsync(response, HttpStatusCode.NotFound, $"There is no run '{run.Id}'");
    }

    [Fact]
    public async Task Stream_MoreThanMayBeOpen_IsRefusedUntilOneEnds()
    {
        await using var bench = await WebBench.StartAsync(web => web.MaxStreams = 1);
        var (_, path, _) = await bench.StartGatedRunAsync();
        var reader = await EventReader.OpenAsync(bench.Client, path);

        using var second = await EventReader.AskAsync(bench.Client, path);
        reader.Dispose();

        await AssertProblemAsync(second, HttpStatusCode.ServiceUnavailable, "1 event streams are open.");
        await Eventually.TrueAsync(
            async () =>
            {
                using var third = await EventReader.AskAsync(bench.Client, path);
                return third.IsSuccessStatusCode;
            },
            "the place of a reader that left");
    }

    [Fact]
    public async Task Stream_ApplicationStops_EndsWithReconnectAndHoldsNobodyUp()
    {
        await using var bench = await WebBench.StartAsync(web => web.CloseWithin = TimeSpan.FromSeconds(25));
        var (_, path, _) = await bench.StartGatedRunAsync(Samples.Gated);
        using var reader = await EventReader.OpenAsync(bench.Client, path);
        await reader.ReadAsync(told => told.Kind == RunEventKinds.Metadata);

        var stopping = bench.Program.StopAsync();
        var rest = await reader.ReadAsync();
        // Nobody cuts the stream in this time, and the host waits as long for the web server.
        await stopping.WithinAsync("the program to stop", TimeSpan.FromSeconds(20));

        Assert.Equal(new ToldEvent(null, EventFrames.Reconnect, "\"The silo stops.\""), rest[^1]);
    }

    [Fact]
    public async Task Connection_HalfARequest_DoesNotHoldTheStopUp()
    {
        await using var bench = await WebBench.StartAsync(web => web.CloseWithin = TimeSpan.FromMilliseconds(100));
        using var silent = new TcpClient();
        await silent.ConnectAsync(bench.EndPoint);
        await silent.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET {WebPaths.Ready} HTTP/1.1\r\nHost: x\r\n"));
        using var whole = await EventReader.AskAsync(bench.Client, WebPaths.Ready);

        await bench.Program.StopAsync().WithinAsync("the program to stop", TimeSpan.FromSeconds(20));

        Assert.Equal(HttpStatusCode.OK, whole.StatusCode);
    }

    private static async Task<List<ToldEvent>> ReadAsync(WebBench bench, string path, long? after)
    {
        using var reader = await EventReader.OpenAsync(bench.Client, path, after);
        return await reader.ReadAsync();
    }

    private static async Task AssertProblemAsync(HttpResponseMessage response, HttpStatusCode status, string message)
    {
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal((int)status, problem.RootElement.GetProperty("status").GetInt32());
        Assert.StartsWith(message, problem.RootElement.GetProperty("message").GetString(), StringComparison.Ordinal);
    }
}

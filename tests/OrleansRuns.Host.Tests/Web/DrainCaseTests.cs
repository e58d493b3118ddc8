using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;

namespace OrleansRuns.Host.Tests;

/// <summary>The case of the drain that needs a web server and a process of its own.</summary>
public sealed class DrainCaseTests
{
    private const string Order = """{"orderId":"o","customer":"Ada","items":[{"sku":"tea","quantity":1,"price":2}]}""";

    [Fact]
    public async Task P_EventStreamIsOpenDuringSigterm_EndsAtOnceAndItsReaderMissesNothing()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        using var program = new HostProgram();
        string[] serving = ["--postgres", database.ConnectionString, "--http", "127.0.0.1:0"];
        await using var first = await ServingProgram.StartAsync(program, serving);
        await program.RunJsonAsync(ExitCode.Success, "run", "order", "--postgres", database.ConnectionString, "--input", Order);
        // What the first node wants to write stands in front of this lock until it is cancelled.
        await using var effects = NpgsqlDataSource.Create(database.ConnectionString);
        await using var holding = await effects.OpenConnectionAsync();
        await using var held = await holding.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand("lock table public.order_effects in access exclusive mode", holding);
        await hold.ExecuteNonQueryAsync();
        using var client = await PostgresCluster.ConnectAsync(database.ConnectionString, "orleansruns");
        var thread = client.Services.GetRequiredService<IRunsClient>().Thread("p");
        var run = await thread.StartAsync("order", JsonDocument.Parse(Order).RootElement);
        var path = WebBench.PathOf(thread.Id, run.Id);
        using var reader = await EventReader.OpenAsync(first.Client, path);
        var seen = await reader.ReadAsync(IsReserving);
        var before = await ReadyAsync(first);

        var stopped = Stopwatch.StartNew();
        first.Terminate();
        seen.AddRange(await reader.ReadAsync());
        var streamed = stopped.Elapsed;
        var after = await ReadyAsync(first);
        var end = await first.EndAsync();

        Assert.Equal(EventFrames.Reconnect, seen[^1].Kind);
        Assert.True(streamed < new DrainOptions().SuperstepGrace, $"The stream ended after {streamed}.");
        Assert.Equal((HttpStatusCode.OK, false), (before, after == HttpStatusCode.OK));
        Assert.True(end.ExitCode == 0, $"{end.ExitCode}: {end.Errors}");
        var report = await program.RunJsonAsync(ExitCode.Success, "drains", "--limit", "1", "--postgres", database.ConnectionString);
        var drained = Assert.Single(report.GetProperty("runs").EnumerateArray());
        Assert.Equal((run.Id, "interrupted"), (Text(drained, "runId"), Text(drained, "outcome")));
        Assert.True(report.GetProperty("withinBudget").GetBoolean());

        await held.RollbackAsync();
        await using var second = await ServingProgram.StartAsync(program, serving);
        seen.RemoveAt(seen.Count - 1);
        using var reconnected = await EventReader.OpenAsync(second.Client, path, seen[^1].Id);
        seen.AddRange(await reconnected.ReadAsync());
        using var late = await EventReader.OpenAsync(second.Client, path);
        var kept = await late.ReadAsync();

        Assert.Equal((RunEventKinds.End, "success"), (seen[^1].Kind, Text(JsonDocument.Parse(seen[^1].Data).RootElement, "status")));
        Assert.Equal(seen.Select(told => told.Id).Distinct().Order(), seen.Select(told => told.Id));
        Assert.Empty(kept.Where(told => told.Kind != RunEventKinds.Gap).Except(seen));
        second.Terminate();
        Assert.Equal(0, (await second.EndAsync()).ExitCode);
    }

    private static bool IsReserving(ToldEvent told) =>
        told.Kind == RunEventKinds.Tasks
        && told.Data.Contains("\"reserve\"", StringComparison.Ordinal)
        && told.Data.Contains("\"start\"", StringComparison.Ordinal);

    /// <summary>Asks as a load balancer does. What has closed its port is not ready.</summary>
    private static async Task<HttpStatusCode?> ReadyAsync(ServingProgram program)
    {
        try
        {
            using var response = await EventReader.AskAsync(program.Client, WebPaths.Ready);
            return response.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static string Text(JsonElement element, string member) => element.GetProperty(member).GetString()!;
}

using OrleansRuns.TestKit;

namespace OrleansRuns.Host.Tests;

/// <summary>The program on PostgreSQL: silos that serve, and commands beside them.</summary>
public sealed class PostgresTests
{
    private const string Folder = """{"folder":"texts"}""";
    private const string Order = """{"orderId":"o","customer":"Ada","items":[{"sku":"tea","quantity":1,"price":2}]}""";

    [Fact]
    public async Task Run_TwoSilosServe_IsExecutedByThemAndSeenByEverybody()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        using var program = new HostProgram();
        program.Write("texts/a.txt", "One two.");
        await using var first = program.Start("--postgres", database.ConnectionString);
        await using var second = program.Start("--postgres", database.ConnectionString);
        string[] lines = [await first.ReadLineAsync() ?? "", await second.ReadLineAsync() ?? ""];

        var end = await program.RunJsonAsync(
            ExitCode.Success, "run", "digest", "--postgres", database.ConnectionString, "--thread", "t", "--input", Folder);
        var history = await program.RunAsync("history", "t", "--postgres", database.ConnectionString);
        var order = await program.RunJsonAsync(
            ExitCode.Success, "run", "order", "--postgres", database.ConnectionString, "--input", Order);

        Assert.All(lines, line => Assert.Contains("digest, order", line, StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains("Password", StringComparison.OrdinalIgnoreCase));
        Assert.Equal("success", end.GetProperty("status").GetString());
        Assert.Equal("success", order.GetProperty("status").GetString());
        Assert.Equal(5, history.Lines.Count);
        Assert.Empty(Directory.EnumerateFiles(program.Folder, "*.db", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Run_NoSiloServes_SaysHowToStartOne()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        using var program = new HostProgram();
        program.Write("appsettings.json", """{"OrleansRuns":{"Client":{"ConnectTimeout":"00:00:02"}}}""");
        await using (var silo = program.Start("--postgres", database.ConnectionString))
        {
            await silo.ReadLineAsync();
        }

        var end = await program.RunAsync("run", "digest", "--postgres", database.ConnectionString, "--input", Folder);

        Assert.Equal(ExitCode.BadUsage, end.ExitCode);
        Assert.Contains("No silo serves", end.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_DatabaseThatNoSiloHasServed_SayHowToStartOne()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        using var program = new HostProgram();
        string[] postgres = ["--postgres", database.ConnectionString];

        foreach (var command in (string[][])[["run", "digest", "--input", Folder], ["silos"], ["drain", "10.1.2.3:4"]])
        {
            var end = await program.RunAsync([.. command, .. postgres]);
            Assert.True(end.ExitCode == ExitCode.BadUsage, $"{command[0]}: exit code {end.ExitCode}: {end.Errors}");
            Assert.Contains("No silo serves", end.Errors, StringComparison.Ordinal);
        }

        foreach (var command in (string[][])[["history", "t"], ["runs"], ["drains"], ["doctor"], ["run", "digest", "--resume"]])
        {
            var end = await program.RunAsync([.. command, .. postgres]);
            Assert.True(end.ExitCode == ExitCode.BadUsage, $"{command[0]}: exit code {end.ExitCode}: {end.Errors}");
            Assert.Contains("holds no runs", end.Errors, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("run", "digest", "--input", Folder)]
    [InlineData("run", "digest", "--resume")]
    [InlineData("silos")]
    [InlineData("cordon", "10.1.2.3:4")]
    [InlineData("history", "t")]
    [InlineData("runs")]
    [InlineData("doctor")]
    public async Task Commands_NoSuchServer_SaySo(params string[] command)
    {
        using var program = new HostProgram();
        // It is of silos: a command does not wait for a server.
        program.Write("appsettings.json", """{"OrleansRuns":{"Postgres":{"StartTimeout":"00:10:00"}}}""");

        var end = await program.RunAsync([.. command, "--postgres", "Host=127.0.0.1;Port=1;Database=x;Username=y"]);

        Assert.True(end.ExitCode == ExitCode.BadUsage, $"exit code {end.ExitCode}: {end.Errors}");
        Assert.Contains("PostgreSQL database 'x' on '127.0.0.1:1' cannot be opened", end.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense", "--postgres is no connection string")]
    [InlineData("Database=x", "--postgres names no host")]
    [InlineData("Host=127.0.0.1;Port=1;Database=x;Username=y", "cannot be opened")]
    public async Task Serve_NoSuchServer_IsTold(string connectionString, string message)
    {
        using var program = new HostProgram();
        program.Write("appsettings.json", """{"OrleansRuns":{"Postgres":{"StartTimeout":"00:00:00"}}}""");

        var end = await program.RunAsync("--postgres", connectionString);

        Assert.Equal(ExitCode.BadUsage, end.ExitCode);
        Assert.Contains(message, end.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_ServerIsAwayAtFirst_ServesWhenItIsBack()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        await using var proxy = new PostgresProxy(database.ConnectionString);
        using var program = new HostProgram();
        proxy.FailNext(PostgresFault.LoseRequest);

        await using var serving = await ServingProgram.StartAsync(
            program, "--postgres", proxy.ConnectionString, "--http", "127.0.0.1:0");

        Assert.Contains("cannot be reached: ", serving.Log, StringComparison.Ordinal);
        serving.Terminate();
        Assert.Equal(ExitCode.Success, (await serving.EndAsync()).ExitCode);
    }
}

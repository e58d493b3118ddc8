using System.Reflection;
using System.Text.Json;
using Microsoft.Extensions.Options;
using OrleansRuns.AdoNet;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host.Tests;

/// <summary>Whatever is wrong in the configuration, the program names the key and what is allowed, exits with 2, changes nothing.</summary>
public sealed class BadConfigurationTests
{
    private const BindingFlags AnyStatic = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    [Theory]
    [InlineData("OrleansRuns:Drain:Timeout", "00:00:01", "between 00:00:02 and 00:10:00")]
    [InlineData("OrleansRuns:Drain:Timeout", "nonsense", "'nonsense'")]
    [InlineData("OrleansRuns:Drain:PersistReserve", "0.9", "between 0 and 0.8")]
    [InlineData("OrleansRuns:Runs:MaxActiveRuns", "many", "'many'")]
    [InlineData("OrleansRuns:Web:Heartbeat", "00:00:00", "between 00:00:00.0100000 and 00:05:00")]
    [InlineData("OrleansRuns:Web:CloseWithin", "soon", "'soon'")]
    [InlineData("OrleansRuns:Web:CloseWithin", "00:00:26", "at most")]
    [InlineData("OrleansRuns:Log:MaxEntryBytes", "1", "between 1024 and 268435456")]
    [InlineData("Logging:LogLevel", "loud", "Warning", "Default")]
    public async Task Serve_SettingIsWrong_NamesTheKeyAndWhatIsAllowed(
        string key, string value, string allowed, string? name = null)
    {
        using var program = new HostProgram();
        program.Write("appsettings.json", JsonSerializer.Serialize(
            new Dictionary<string, string> { [name is null ? key : $"{key}:{name}"] = value }));

        var end = await program.RunAsync("--http", "127.0.0.1:0");

        Assert.Equal((ExitCode.BadUsage, ""), (end.ExitCode, end.Output));
        Assert.Contains(key, end.Errors, StringComparison.Ordinal);
        Assert.Contains(allowed, end.Errors, StringComparison.Ordinal);
        Assert.Single(end.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.False(File.Exists(program.Database));
    }

    [Fact]
    public async Task Run_SettingIsWrong_NamesTheKeyAndWhatIsAllowed()
    {
        using var program = new HostProgram();
        program.Write("appsettings.json", """{"OrleansRuns":{"Runs":{"MaxActiveRuns":0},"Nodes":{"MaxConcurrency":0}}}""");

        var end = await program.RunAsync("run", "digest", "--input", """{"folder":"."}""");

        Assert.Equal((ExitCode.BadUsage, ""), (end.ExitCode, end.Output));
        Assert.Contains("OrleansRuns:Runs:MaxActiveRuns: ", end.Errors, StringComparison.Ordinal);
        Assert.Contains("OrleansRuns:Nodes:MaxConcurrency: ", end.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(program.Database));
    }

    [Theory]
    [InlineData("runs")]
    [InlineData("doctor")]
    [InlineData("run", "digest", "--resume")]
    public async Task Look_SettingsAreWrong_NamesTheirKeysAndWhatIsAllowed(params string[] command)
    {
        using var program = new HostProgram();
        program.Write("appsettings.json", """
            {"OrleansRuns":{"Postgres":{"MaxAutoPrepare":-1},"Runs":{"EditTimeout":"00:00:00"},"Log":{"MaxEntryBytes":1}}}
            """);

        var end = await program.RunAsync([.. command, "--postgres", "Host=127.0.0.1;Port=1;Database=x;Username=y"]);

        Assert.Equal((ExitCode.BadUsage, ""), (end.ExitCode, end.Output));
        var errors = end.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var key in (string[])["Postgres:MaxAutoPrepare", "Runs:EditTimeout", "Log:MaxEntryBytes"])
        {
            Assert.Single(errors, error => error.StartsWith($"OrleansRuns:{key}: ", StringComparison.Ordinal));
        }

        Assert.Equal(3, errors.Length);
    }

    [Fact]
    public async Task Look_SettingIsNoValue_IsToldInALine()
    {
        using var program = new HostProgram();
        program.Write("appsettings.json", """{"OrleansRuns":{"Runs":{"EditTimeout":"soon"}}}""");

        var end = await program.RunAsync("runs");

        Assert.Equal((ExitCode.BadUsage, ""), (end.ExitCode, end.Output));
        Assert.Contains("OrleansRuns:Runs:EditTimeout", Assert.Single(end.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("graphs")]
    [InlineData("show", "t")]
    [InlineData("run", "digest", "--resume")]
    public async Task Look_FileCannotBeRead_NamesIt(params string[] command)
    {
        using var program = new HostProgram();
        var file = program.Write("appsettings.json", "{");

        var end = await program.RunAsync(command);

        Assert.Equal((ExitCode.BadUsage, ""), (end.ExitCode, end.Output));
        Assert.Contains(file, Assert.Single(end.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("graphs")]
    [InlineData("run", "order", "--input", "{}")]
    public async Task Command_GraphCannotBeMade_SaysWhichAndWhy(params string[] command)
    {
        using var program = new HostProgram();
        program.Write("appsettings.json", """{"Orders":{"ConnectionString":"nonsense"}}""");

        var end = await program.RunAsync(command);

        Assert.Equal((ExitCode.BadUsage, ""), (end.ExitCode, end.Output));
        Assert.Contains("Graph 'order' could not be made: Format of the init", end.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(program.Database));
    }

    [Theory]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(AggregateException))]
    [InlineData(typeof(FormatException))]
    public void Describe_MistakeOfTheProgram_IsNoneOfTheConfiguration(Type mistake)
    {
        var exception = Assert.ThrowsAny<Exception>(void () => throw (Exception)Activator.CreateInstance(mistake)!);

        Assert.Null(ConfigurationErrors.Describe(exception));
    }

    [Fact]
    public void Describe_EveryOptionsOfTheProgram_NamesTheirSection()
    {
        Type[] options =
        [
            .. new[] { typeof(RunsOptions), typeof(ThreadLogOptions), typeof(WebOptions) }
                .SelectMany(type => type.Assembly.GetTypes())
                .Where(type => type.GetField("Section", AnyStatic) is not null),
        ];

        Assert.NotEmpty(options);
        Assert.All(options, type => Assert.Equal(
            $"{type.GetField("Section", AnyStatic)!.GetRawConstantValue()}:Name: It is wrong.",
            ConfigurationErrors.Describe(new OptionsValidationException("", type, ["Name: It is wrong."]))));
    }
}

using System.Reflection;
using System.Text.Json;
using Microsoft.Extensions.Options;
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
            .. typeof(RunsOptions).Assembly.GetTypes().Concat(typeof(WebOptions).Assembly.GetTypes())
                .Where(type => type.GetField("Section", AnyStatic) is not null),
        ];

        Assert.NotEmpty(options);
        Assert.All(options, type => Assert.Equal(
            $"{type.GetField("Section", AnyStatic)!.GetRawConstantValue()}:Name: It is wrong.",
            ConfigurationErrors.Describe(new OptionsValidationException("", type, ["Name: It is wrong."]))));
    }
}

using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.CommandLine;

namespace OrleansRuns.Host.Tests;

public sealed class HostBuildersTests
{
    [Fact]
    public void ReadConfiguration_ItsFiles_AreNotWatched()
    {
        var files = HostBuilders.ReadConfiguration().Providers.OfType<FileConfigurationProvider>().ToList();

        Assert.NotEmpty(files);
        // The system lets a user watch few files, and whoever looks on often would use them up.
        Assert.All(files, file => Assert.False(file.Source.ReloadOnChange, file.ToString()));
    }

    [Fact]
    public void ReadConfiguration_Sources_AreThoseOfASilo()
    {
        static IEnumerable<string> Sources(IConfigurationRoot configuration) =>
            configuration.Providers.Where(provider => provider is not CommandLineConfigurationProvider).Select(provider => $"{provider}");

        Assert.Equal(
            Sources(HostBuilders.CreateWeb(Microsoft.Extensions.Logging.LogLevel.Warning).Configuration),
            Sources(HostBuilders.ReadConfiguration()));
    }
}

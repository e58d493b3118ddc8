using Microsoft.Extensions.Configuration;

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
    public void ReadConfiguration_Sources_AreThoseOfAHost()
    {
        static IEnumerable<string> Sources(IConfigurationRoot configuration) =>
            configuration.Providers.Select(provider => provider.ToString()!.Replace(" (Required)", "", StringComparison.Ordinal));
        var host = HostBuilders.Create(Microsoft.Extensions.Logging.LogLevel.Warning);

        Assert.Subset(
            Sources((IConfigurationRoot)host.Configuration).ToHashSet(StringComparer.Ordinal),
            Sources(HostBuilders.ReadConfiguration()).ToHashSet(StringComparer.Ordinal));
    }
}

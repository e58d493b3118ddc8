using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.Abstractions;
using OrleansRuns.AdoNet;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>What the commands that look on have in common: they read while another process may be writing.</summary>
internal static class ListOptions
{
    internal static readonly Option<string?> Graph = new("--graph") { Description = "Only those of this graph." };

    internal static readonly Option<string[]> Metadata = MetadataPairs.CreateOption("Only those whose metadata has this; may be repeated.");

    internal static readonly Option<DateTimeOffset?> Since = new("--since")
    {
        Description = "Only those made since then, such as 2026-01-31 or 2026-01-31T12:00Z.",
        HelpName = "time",
    };

    internal static readonly Option<int> Limit = NumberOption.Create("--limit", "How many at most", (1, 1000), usual: 50);

    internal static Option<string[]> CreateStatus<T>()
        where T : struct, Enum => new("--status")
        {
            Description = "Only those with this status; may be repeated.",
            HelpName = string.Join('|', Enum.GetValues<T>().Select(WireName.Of)),
        };

    /// <summary>Reads statuses.</summary>
    /// <exception cref="UsageException">There is no such status.</exception>
    internal static IReadOnlyList<T> ReadStatuses<T>(string[]? names)
        where T : struct, Enum
    {
        try
        {
            return [.. (names ?? []).Select(WireName.Parse<T>)];
        }
        catch (FormatException exception)
        {
            throw new UsageException($"--status: {exception.Message}");
        }
    }

    internal static Task ListAsync(ParseResult parsed, Func<IRunLists, Task> list) => ListAsync<IRunLists>(parsed, list);

    /// <summary>Opens the database that the command line names, and looks at it with a service.</summary>
    internal static async Task ListAsync<T>(ParseResult parsed, Func<T, Task> list)
        where T : notnull
    {
        await using var services = EmbeddedSilo.BuildReader(RunsDatabase.Of(parsed));
        await services.GetRequiredService<RunsReader>().OpenAsync();
        await list(services.GetRequiredService<T>());
    }

    /// <summary>Says on the side that the list is longer.</summary>
    internal static Task TellMoreAsync(string? next) =>
        next is null ? Task.CompletedTask : Console.Error.WriteLineAsync("There are more: narrow the search, or raise --limit.");
}

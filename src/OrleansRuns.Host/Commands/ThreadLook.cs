using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.AdoNet;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>Looks at the threads of a database, also while another process writes to it.</summary>
internal static class ThreadLook
{
    internal static readonly Argument<string> Thread = new("thread") { Description = "The thread's id." };

    internal static async Task LookAsync(ParseResult parsed, Func<IThreadHistory, Task> look)
    {
        await using var services = EmbeddedSilo.BuildReader(RunsDatabase.Of(parsed));
        await services.GetRequiredService<RunsReader>().OpenAsync();
        await look(services.GetRequiredService<IThreadHistory>());
    }
}

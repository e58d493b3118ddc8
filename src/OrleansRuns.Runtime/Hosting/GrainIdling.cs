using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace OrleansRuns.Runtime;

/// <summary>Lets go of the grains of runs and threads soon after the last call to them.</summary>
/// <remarks>
/// All that they hold is in the database; what a run that has ended keeps in memory are events for its readers. With Orleans' own age of
/// 15 minutes a silo would hold the runs of 15 minutes, many times those that it executes. What a program says itself counts.
/// </remarks>
internal sealed class GrainIdling : IPostConfigureOptions<GrainCollectionOptions>
{
    /// <summary>How long a grain is kept that nobody calls. It has to be longer than the time between two collections, a minute.</summary>
    internal static readonly TimeSpan Age = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Untouched = new GrainCollectionOptions().CollectionAge;

    public void PostConfigure(string? name, GrainCollectionOptions options)
    {
        if (options.CollectionAge != Untouched || options.CollectionQuantum >= Age)
        {
            return;
        }

        foreach (var grain in new[] { typeof(RunGrain), typeof(ThreadGrain) })
        {
            options.ClassSpecificCollectionAge.TryAdd(grain.FullName!, Age);
        }
    }
}

using System.Collections.Immutable;
using OrleansRuns.TestKit;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>Lets several callers begin together: released by one event, each on a thread of the pool.</summary>
internal static class AtOnce
{
    internal static async Task<ImmutableArray<T>> RunAsync<T>(int count, Func<int, Task<T>> work)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var tasks = Enumerable.Range(0, count).Select(index => Task.Run(async () =>
        {
            await start.Task;
            return await work(index);
        })).ToList();
        start.SetResult();
        return [.. await Task.WhenAll(tasks).WithinAsync($"{count} callers at once")];
    }
}

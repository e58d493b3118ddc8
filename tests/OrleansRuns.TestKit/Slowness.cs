namespace OrleansRuns.TestKit;

/// <summary>The fault of a part that takes its time: a database that stalls, a node that cleans up at leisure.</summary>
/// <remarks>Nothing is asserted after such a time; tests wait for events.</remarks>
public static class Slowness
{
    /// <summary>Takes so long.</summary>
    /// <param name="time">For how long the part does nothing.</param>
    public static Task OfAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);
}

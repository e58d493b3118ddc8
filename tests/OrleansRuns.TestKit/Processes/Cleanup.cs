namespace OrleansRuns.TestKit;

/// <summary>Clears up behind a test, whatever fails on the way.</summary>
public static class Cleanup
{
    /// <summary>Takes steps one after the other, those behind one that failed as well.</summary>
    /// <param name="steps">The steps.</param>
    /// <exception cref="AggregateException">Steps failed.</exception>
    public static async Task RunAsync(params IEnumerable<Func<Task>> steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        var failures = new List<Exception>();
        foreach (var step in steps)
        {
            try
            {
                await step();
            }
            catch (Exception failure)
            {
                failures.Add(failure);
            }
        }

        if (failures.Count > 0)
        {
            throw new AggregateException("A test could not be cleared up behind.", failures);
        }
    }
}

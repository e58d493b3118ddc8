using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>Lets a test come before or after a call of a store: to delay it, to make it fail, or to lose its answer.</summary>
public sealed class StoreHooks
{
    /// <summary>Gets or sets what happens before a call with this name; what it throws is what the caller sees.</summary>
    public Func<string, Task> Before { get; set; } = _ => Task.CompletedTask;

    /// <summary>Gets or sets what happens before the end of an attempt is written; what it throws is what the caller sees.</summary>
    public Func<RunEnd, Task> BeforeEnd { get; set; } = _ => Task.CompletedTask;

    /// <summary>Gets or sets what happens after the call was applied; what it throws is what the caller sees.</summary>
    public Func<string, Task> After { get; set; } = _ => Task.CompletedTask;

    internal Task AroundAsync(string call, Func<Task> apply) => AroundAsync(call, async () =>
    {
        await apply();
        return true;
    });

    internal async Task<T> AroundAsync<T>(string call, Func<Task<T>> apply)
    {
        await Before(call);
        var answer = await apply();
        await After(call);
        return answer;
    }
}

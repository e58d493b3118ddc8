using System.Net;

namespace OrleansRuns.Graphs.Tests;

public sealed class RetryPolicyTests
{
    [Fact]
    public void NextDelay_Attempts_GrowAndEnd()
    {
        var policy = new RetryPolicy { MaxAttempts = 4, MaxDelay = TimeSpan.FromSeconds(1.5) };
        var error = new TimeoutException();

        Assert.Equal(TimeSpan.FromSeconds(0.5), policy.NextDelay(error, 1, random: 0));
        Assert.Equal(TimeSpan.FromSeconds(1.5), policy.NextDelay(error, 2, random: 0.5));
        Assert.Equal(TimeSpan.FromSeconds(1.5), policy.NextDelay(error, 3, random: 0));
        Assert.Null(policy.NextDelay(error, 4, random: 0));
    }

    [Fact]
    public void NextDelay_NoInitialDelayAndManyAttempts_IsNone()
    {
        var policy = new RetryPolicy { InitialDelay = TimeSpan.Zero, Jitter = TimeSpan.Zero, MaxAttempts = 10_000 };

        Assert.Equal(TimeSpan.Zero, policy.NextDelay(new TimeoutException(), 5_000, random: 0.5));
    }

    [Fact]
    public void NextDelay_DefaultPolicy_LeavesOutMistakesOfTheProgram()
    {
        Exception[] transient =
        [
            new NodeTimeoutException("late"), new TimeoutException(), new HttpRequestException("down"),
            new HttpRequestException("busy", null, HttpStatusCode.ServiceUnavailable),
        ];
        Exception[] final =
        [
            new ArgumentNullException(), new DivideByZeroException(), new KeyNotFoundException(), new InvalidOperationException(),
            new FileNotFoundException(), new GraphUpdateException("no"),
            new HttpRequestException("missing", null, HttpStatusCode.NotFound),
        ];

        Assert.All(transient, exception => Assert.NotNull(RetryPolicy.Default.NextDelay(exception, 1, 0)));
        Assert.All(final, exception => Assert.Null(RetryPolicy.Default.NextDelay(exception, 1, 0)));
    }
}

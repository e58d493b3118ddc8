using Microsoft.Extensions.Hosting;

namespace OrleansRuns.Runtime.Tests;

/// <summary>A part of the host that stops in front of the silo, and takes its time.</summary>
internal sealed class HeldStop : IHostedService
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task Reached => _reached.Task;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _reached.TrySetResult();
        return _go.Task;
    }

    internal void LetGo() => _go.TrySetResult();
}

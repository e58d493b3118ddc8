using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime;

internal sealed class SiloHealth(
    LiveRuns live, NodeScheduler nodes, IOptions<RunNodesOptions> options, IHostApplicationLifetime lifetime, ISiloStatusOracle members)
    : ISiloHealth, ILifecycleParticipant<ISiloLifecycle>
{
    private volatile bool _hasStarted;

    public bool HasStarted => _hasStarted;

    // The application is asked before the gate, which closes a moment later: what is told first stays true.
    public string? UnreadyReason =>
        lifetime.ApplicationStopping.IsCancellationRequested ? "The silo stops: its runs go on on other silos."
        : !_hasStarted ? "The silo is starting."
        : !IsAlive ? "The silo was declared dead."
        // A cordoned silo still admits runs, which begin elsewhere, and answers for them.
        : live.IsClosed ? "The silo takes no more runs."
        : nodes.LeftBehind > options.Value.MaxLeftBehind ? $"The silo carries {nodes.LeftBehind} nodes along that do not end: restart it."
        : null;

    public bool IsAlive => members.CurrentStatus != SiloStatus.Dead;

    public int ActiveRuns => live.Runs.Count;

    // Behind everything else: whoever is told that the silo has started may ask anything of it.
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(SiloHealth), ServiceLifecycleStage.Active + 1, StartedAsync, _ => Task.CompletedTask);

    private Task StartedAsync(CancellationToken cancellationToken)
    {
        _hasStarted = true;
        return Task.CompletedTask;
    }
}

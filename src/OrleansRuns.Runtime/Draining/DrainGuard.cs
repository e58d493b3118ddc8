using Microsoft.Extensions.DependencyInjection;

namespace OrleansRuns.Runtime;

/// <summary>Keeps a host from being disposed under its drain, whether it stops meanwhile or nobody has stopped it.</summary>
/// <remarks>
/// A container disposes first what it has made last, and waits for that alone. So this is made when the silo is up, behind all that the
/// last writes need.
/// </remarks>
internal sealed class DrainGuard(SiloDrain drain) : IAsyncDisposable, IDisposable
{
    public async ValueTask DisposeAsync() => await drain.EndAsync();

    public void Dispose() => drain.EndAsync().GetAwaiter().GetResult();

    /// <summary>Makes the guard.</summary>
    internal sealed class Maker(IServiceProvider services) : ILifecycleParticipant<ISiloLifecycle>
    {
        public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(DrainGuard), SiloDrain.GateStage, Make);

        private Task Make(CancellationToken cancellationToken)
        {
            // The first run would make it, and that is later.
            services.GetRequiredService<IRunExecutor>();
            services.GetRequiredService<DrainGuard>();
            return Task.CompletedTask;
        }
    }
}

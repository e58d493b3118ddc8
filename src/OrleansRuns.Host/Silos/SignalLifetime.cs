using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace OrleansRuns.Host;

/// <summary>Stops the host when the process is asked to end; while it starts, as soon as it has started.</summary>
/// <remarks>
/// The default lifetime cancels a start that is under way, and a silo can only leave its cluster in good order when it has joined it: the
/// others would take it for alive. Another signal during the start ends the process at once, as without a handler. Signals that come
/// while the host stops change nothing: it stops in its own order and time.
/// </remarks>
internal sealed class SignalLifetime(IHostApplicationLifetime application) : IHostLifetime, IDisposable
{
    private readonly List<IDisposable> _registrations = [];
    private int _signals;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _registrations.Add(application.ApplicationStarted.Register(StopIfAsked));
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGQUIT, PosixSignal.SIGTERM])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, Handle));
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void Handle(PosixSignalContext context)
    {
        var isFirst = Interlocked.Increment(ref _signals) == 1;
        var hasStarted = application.ApplicationStarted.IsCancellationRequested;
        context.Cancel = isFirst || hasStarted;
        if (hasStarted)
        {
            application.StopApplication();
        }
    }

    private void StopIfAsked()
    {
        if (Volatile.Read(ref _signals) > 0)
        {
            application.StopApplication();
        }
    }
}

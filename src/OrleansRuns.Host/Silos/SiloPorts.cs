using System.Net;
using System.Net.Sockets;

namespace OrleansRuns.Host;

/// <summary>Where a silo listens. Its ports are taken before it starts: one in use ends the program before it joins a cluster.</summary>
/// <remarks>
/// Orleans listens so that others may share the port. A second silo on the port of the first would start, the cluster would take it for
/// the first one, started again, and declare the live one dead. So the ports are held as nobody can share them, until the silo listens.
/// </remarks>
internal sealed class SiloPorts : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>Just before Orleans listens on both ports, which is also when the database is opened and may be waited for.</summary>
    private const int ReleaseStage = ServiceLifecycleStage.RuntimeInitialize - 2;

    private readonly Socket _silo;
    private readonly Socket _gateway;

    private SiloPorts(IPAddress address, Socket silo, Socket gateway)
    {
        (Address, _silo, _gateway) = (address, silo, gateway);
        (Silo, Gateway) = (PortOf(silo), PortOf(gateway));
    }

    /// <summary>Gets the address that other silos and clients reach it by.</summary>
    internal IPAddress Address { get; }

    /// <summary>Gets the port for silos.</summary>
    internal int Silo { get; }

    /// <summary>Gets the port for clients.</summary>
    internal int Gateway { get; }

    /// <summary>Takes the ports.</summary>
    /// <param name="address">The address that other silos and clients reach the silo by.</param>
    /// <param name="silo">The port for silos, 0 for a free one.</param>
    /// <param name="gateway">The port for clients, 0 for a free one.</param>
    /// <exception cref="UsageException">A port is in use, may not be used, or the address is not one of this machine.</exception>
    internal static SiloPorts Take(IPAddress address, int silo, int gateway)
    {
        var taken = Take(address, silo, ServeCommand.SiloPort.Name);
        try
        {
            return new SiloPorts(address, taken, Take(address, gateway, ServeCommand.GatewayPort.Name));
        }
        catch (UsageException)
        {
            taken.Dispose();
            throw;
        }
    }

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(SiloPorts), ReleaseStage, Release);

    public void Dispose()
    {
        _silo.Dispose();
        _gateway.Dispose();
    }

    private static Socket Take(IPAddress address, int port, string option)
    {
        var wanted = new IPEndPoint(address, port);
        if (HostBuilders.TryListen(wanted, out var problem) is { } socket)
        {
            return socket;
        }

        throw new UsageException($"The silo cannot listen on {wanted}: {problem.Message}. " + (IsOfTheAddress(problem)
            ? $"Name an address of this machine with {ServeCommand.Address.Name}."
            : $"Name another port with {option}, such as {option} 0 for a free one."));
    }

    private static bool IsOfTheAddress(SocketException problem) =>
        problem.SocketErrorCode is not (SocketError.AddressAlreadyInUse or SocketError.AccessDenied);

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private Task Release(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }
}

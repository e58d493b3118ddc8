using System.Net;
using System.Net.Sockets;

namespace OrleansRuns.Host;

/// <summary>A port for the web server that is taken before the silo starts: one in use ends the program before it joins any.</summary>
internal sealed class WebPort : IDisposable
{
    /// <summary>The port that is used when none is named and it is free.</summary>
    internal const int Usual = 5280;

    private WebPort(Socket socket) => Socket = socket;

    /// <summary>Gets the socket. It listens.</summary>
    internal Socket Socket { get; }

    /// <summary>Gets where the web server is reached.</summary>
    internal IPEndPoint EndPoint => (IPEndPoint)Socket.LocalEndPoint!;

    /// <summary>Takes a port.</summary>
    /// <param name="wanted">The address and the port, 0 for a free one; <see langword="null"/> for the usual one, else a free one.</param>
    /// <exception cref="UsageException">The port is in use, may not be used, or the address is not one of this machine.</exception>
    internal static WebPort Take(IPEndPoint? wanted)
    {
        if (wanted is null)
        {
            return TryTake(new IPEndPoint(IPAddress.Loopback, Usual), out _) ?? Take(new IPEndPoint(IPAddress.Loopback, 0));
        }

        return TryTake(wanted, out var problem) ?? throw new UsageException(
            $"The web server cannot listen on {wanted}: {problem.Message}. Name another with --http, such as --http "
            + $"{new IPEndPoint(wanted.Address, 0)} for a free port.");
    }

    public void Dispose() => Socket.Dispose();

    private static WebPort? TryTake(IPEndPoint wanted, out SocketException problem) =>
        HostBuilders.TryListen(wanted, out problem) is { } socket ? new WebPort(socket) : null;
}

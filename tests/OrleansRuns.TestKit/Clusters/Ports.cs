using System.Net;
using System.Net.Sockets;

namespace OrleansRuns.TestKit;

/// <summary>Ports for silos of tests.</summary>
public static class Ports
{
    /// <summary>Gets a loopback port that was free a moment ago.</summary>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

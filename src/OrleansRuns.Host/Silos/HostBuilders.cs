using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OrleansRuns.Host;

/// <summary>What all hosts of the program have in common.</summary>
internal static class HostBuilders
{
    /// <summary>Begins a host whose logs go to standard error, so that standard output stays readable.</summary>
    /// <param name="level">What of our own logs to show.</param>
    internal static HostApplicationBuilder Create(LogLevel level)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        Configure(builder, level);
        return builder;
    }

    /// <summary>Begins a host with a web server, else like that of <see cref="Create"/>.</summary>
    internal static WebApplicationBuilder CreateWeb(LogLevel level)
    {
        var builder = WebApplication.CreateSlimBuilder();
        Configure(builder, level);
        return builder;
    }

    /// <summary>
    /// Reads the configuration that a silo of <see cref="CreateWeb"/> has, for what looks on without one. No file is watched: whoever looks
    /// on is gone before a change could matter.
    /// </summary>
    internal static IConfigurationRoot ReadConfiguration() =>
        WebApplication.CreateSlimBuilder(["--hostBuilder:reloadConfigOnChange=false"]).Configuration;

    /// <summary>Finds a port of the loopback that nobody uses now.</summary>
    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Listens where nobody else does.</summary>
    /// <param name="wanted">The address and the port, 0 for a free one.</param>
    /// <param name="problem">Why it cannot be listened there.</param>
    /// <returns>The socket, or <see langword="null"/> when it cannot be listened there.</returns>
    internal static Socket? TryListen(IPEndPoint wanted, out SocketException problem)
    {
        problem = null!;
        var socket = new Socket(wanted.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(wanted);
            // Only one socket can listen on a port, while more than one may be bound to it.
            socket.Listen();
            return socket;
        }
        catch (SocketException exception)
        {
            problem = exception;
            socket.Dispose();
            return null;
        }
    }

    private static void Configure(IHostApplicationBuilder builder, LogLevel level)
    {
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.AddFilter(null, LogLevel.Critical).AddFilter("OrleansRuns", level);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddSingleton<IHostLifetime, SignalLifetime>();
    }
}

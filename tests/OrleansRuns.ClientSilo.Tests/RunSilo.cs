using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using OrleansRuns.TestKit;

namespace OrleansRuns.ClientSilo.Tests;

/// <summary>A silo that executes runs, in a process of its own.</summary>
internal sealed class RunSilo : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private readonly Process _process;

    private RunSilo(Process process, int siloPort, int gatewayPort)
    {
        _process = process;
        SiloPort = siloPort;
        GatewayPort = gatewayPort;
    }

    internal int SiloPort { get; }

    internal int GatewayPort { get; }

    internal static Task<RunSilo> StartAsync() => StartAsync(FreePort(), FreePort(), folder: null);

    /// <summary>Starts a silo where another may have been before.</summary>
    internal static async Task<RunSilo> StartAsync(int siloPort, int gatewayPort, string? folder)
    {
        var program = typeof(RunSilo).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(one => one.Key == "RunSilo").Value!;
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            ArgumentList =
            {
                program, siloPort.ToString(CultureInfo.InvariantCulture), gatewayPort.ToString(CultureInfo.InvariantCulture),
            },
        };
        if (folder is not null)
        {
            start.ArgumentList.Add(folder);
        }

        var silo = new RunSilo(Process.Start(start)!, siloPort, gatewayPort);
        try
        {
            var said = await silo._process.StandardOutput.ReadLineAsync().WithinAsync($"silo {siloPort} to say that it is ready", Bound);
            Assert.Equal("ready", said);
            return silo;
        }
        catch
        {
            await silo.KillAsync();
            await silo.DisposeAsync();
            throw;
        }
    }

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Kills it as kill -9 does.</summary>
    internal async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WithinAsync($"silo {SiloPort} to be dead", Bound);
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        try
        {
            await _process.WaitForExitAsync().WithinAsync($"silo {SiloPort} to end behind its input", Bound);
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
            throw;
        }
        finally
        {
            _process.Dispose();
        }
    }
}

using System.Net;
using System.Net.Sockets;

namespace OrleansRuns.Host.Tests;

public sealed class ServeCommandTests
{
    [Fact]
    public async Task Serve_PortInUse_IsToldInALineAndNoSiloStarts()
    {
        using var program = new HostProgram();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();

        var end = await program.RunAsync("--http", $"{other.LocalEndpoint}");

        Assert.Equal((ExitCode.BadUsage, ""), (end.ExitCode, end.Output));
        Assert.Contains($"cannot listen on {other.LocalEndpoint}", end.Errors, StringComparison.Ordinal);
        Assert.Single(end.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.False(File.Exists(program.Database));
    }

    [Theory]
    [InlineData("8080")]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("localhost:80")]
    [InlineData("127.0.0.1:70000")]
    public async Task Serve_NoEndpoint_IsBadUsage(string http)
    {
        using var program = new HostProgram();

        var end = await program.RunAsync("--http", http);

        Assert.Equal(ExitCode.BadUsage, end.ExitCode);
        Assert.Contains($"--http takes an IP address and a port, such as 127.0.0.1:8080 or [::]:0, not '{http}'.", end.Errors,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Port_UsualOneIsInUse_IsAFreeOne()
    {
        using var first = WebPort.Take(wanted: null);
        using var second = WebPort.Take(wanted: null);

        Assert.NotEqual(first.EndPoint.Port, second.EndPoint.Port);
    }
}

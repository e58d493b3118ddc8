using System.Net;
using System.Net.Sockets;
using OrleansRuns.TestKit;

namespace OrleansRuns.Host.Tests;

public sealed class SiloPortsTests
{
    [Fact]
    public async Task Serve_PortsOfALiveSilo_EndsAndLeavesThatSiloAlone()
    {
        await using var database = await PostgresTestDatabase.CreateAsync();
        using var program = new HostProgram();
        string[] postgres = ["--postgres", database.ConnectionString];
        var (silo, gateway) = ($"{Ports.Free()}", $"{Ports.Free()}");
        await using var first = program.Start([.. postgres, "--silo-port", silo, "--gateway-port", gateway]);
        await first.ReadLineAsync();

        var sameSilo = await program.RunAsync([.. postgres, "--silo-port", silo]);
        var sameGateway = await program.RunAsync([.. postgres, "--gateway-port", gateway]);
        var listed = await program.RunAsync(["silos", .. postgres]);
        first.Terminate();
        var end = await first.EndAsync();

        AssertRefused(sameSilo, silo, "--silo-port");
        AssertRefused(sameGateway, gateway, "--gateway-port");
        Assert.Contains($"127.0.0.1:{silo}", Assert.Single(listed.Lines), StringComparison.Ordinal);
        Assert.True(end.ExitCode == ExitCode.Success, end.Errors);
    }

    [Fact]
    public async Task Serve_AddressOfAnotherMachine_IsToldInALine()
    {
        using var program = new HostProgram();

        // A network that is only for documentation, RFC 5737.
        var end = await program.RunAsync("--postgres", "Host=127.0.0.1;Port=1;Database=x;Username=y", "--address", "192.0.2.1");

        Assert.Equal((ExitCode.BadUsage, ""), (end.ExitCode, end.Output));
        Assert.Contains("192.0.2.1", end.Errors, StringComparison.Ordinal);
        Assert.Contains("Name an address of this machine with --address.", end.Errors, StringComparison.Ordinal);
        Assert.Single(end.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Take_OtherSiloStartsOrListens_IsRefusedUntilItIsGone()
    {
        var first = SiloPorts.Take(IPAddress.Loopback, 0, 0);
        var whileItStarts = Assert.Throws<UsageException>(() => SiloPorts.Take(IPAddress.Loopback, first.Silo, 0));
        first.Dispose();
        var shared = ListenAsOrleansDoes(first.Gateway);
        var whileItListens = Assert.Throws<UsageException>(() => SiloPorts.Take(IPAddress.Loopback, 0, first.Gateway));
        shared.Dispose();

        using var second = SiloPorts.Take(IPAddress.Loopback, first.Silo, first.Gateway);

        Assert.Contains("--silo-port", whileItStarts.Message, StringComparison.Ordinal);
        Assert.Contains("--gateway-port", whileItListens.Message, StringComparison.Ordinal);
        Assert.Equal((first.Silo, first.Gateway), (second.Silo, second.Gateway));
    }

    [Fact]
    public void Take_OnePortForBoth_IsRefused()
    {
        var port = Ports.Free();

        Assert.Throws<UsageException>(() => SiloPorts.Take(IPAddress.Loopback, port, port));

        using var isFree = SiloPorts.Take(IPAddress.Loopback, port, 0);
    }

    private static Socket ListenAsOrleansDoes(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, optionValue: true);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        socket.Listen();
        return socket;
    }

    private static void AssertRefused(ProgramEnd end, string port, string option)
    {
        Assert.Equal((ExitCode.BadUsage, ""), (end.ExitCode, end.Output));
        Assert.Contains($"cannot listen on 127.0.0.1:{port}", end.Errors, StringComparison.Ordinal);
        Assert.Contains(option, end.Errors, StringComparison.Ordinal);
    }
}

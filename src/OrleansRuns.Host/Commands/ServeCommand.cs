using System.CommandLine;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>Continues what is unfinished, executes what is asked, and waits for Ctrl+C.</summary>
internal static class ServeCommand
{
    private static readonly (int Min, int Max) Ports = (0, 65535);

    internal static readonly Option<IPAddress> Address = new("--address")
    {
        Description = "With --postgres: the address that other silos reach this one by.",
        DefaultValueFactory = _ => IPAddress.Loopback,
        CustomParser = result =>
        {
            if (IPAddress.TryParse(result.Tokens[0].Value, out var address))
            {
                return address;
            }

            result.AddError($"--address takes an IP address, not '{result.Tokens[0].Value}'.");
            return IPAddress.None;
        },
        HelpName = "ip",
    };

    internal static readonly Option<int> SiloPort =
        NumberOption.Create("--silo-port", "With --postgres: the port for other silos, or 0 for a free one", Ports, usual: 0, "0");

    internal static readonly Option<int> GatewayPort =
        NumberOption.Create("--gateway-port", "With --postgres: the port for clients, or 0 for a free one", Ports, usual: 0, "0");

    internal static readonly Option<IPEndPoint?> Http = new("--http")
    {
        Description = "The address and port of the web server, or port 0 for a free one. "
            + $"[default: {IPAddress.Loopback}:{WebPort.Usual}, or a free port when it is in use]",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            // A text without a port is taken for port 0 by the parser of .NET, and a number for an address.
            if (IPEndPoint.TryParse(text, out var endpoint) && endpoint.ToString() == text)
            {
                return endpoint;
            }

            result.AddError($"--http takes an IP address and a port, such as 127.0.0.1:8080 or [::]:0, not '{text}'.");
            return null;
        },
        HelpName = "ip:port",
    };

    internal static async Task<int> ServeAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var database = RunsDatabase.Of(parsed);
        using var port = WebPort.Take(parsed.GetValue(Http));
        using var ports = database.ConnectionString is null ? null : TakePorts(parsed);
        await using var host = WebProgram.Build(port, LogLevel.Information, builder =>
        {
            if (ports is not null)
            {
                ClusterSilo.AddTo(builder, database.ConnectionString!, ports);
            }
            else
            {
                EmbeddedSilo.AddTo(builder, database.File);
            }
        });
        await host.StartAsync(cancellationToken);
        var graphs = host.Services.GetRequiredService<IGraphs>();
        var silo = host.Services.GetRequiredService<ILocalSiloDetails>();
        Console.WriteLine($"OrleansRuns serves the graphs {string.Join(", ", graphs.Names)} from {database.DisplayName}.");
        Console.WriteLine("Runs that were not finished go on now. Ctrl+C stops; what is under way then goes on at the next start.");
        Console.WriteLine($"http://{port.EndPoint} answers {WebPaths.Ready} and {WebPaths.RunStream}.");
        Console.WriteLine(database.ConnectionString is null
            ? $"Stop it and type '{Example(null)}' to execute a graph."
            : $"Silo {silo.SiloAddress} takes part in the cluster; clients use port {silo.GatewayAddress?.Endpoint.Port}. "
              + $"Type '{Example(database.Option)}' elsewhere to execute a graph.");
        await host.WaitForShutdownAsync(cancellationToken);
        Console.WriteLine("Stopped.");
        return ExitCode.Success;
    }

    private static string Example(string? option) =>
        $"{CommandText.Program} run digest {(option is null ? "" : option + " ")}--input '{{\"folder\":\".\"}}'";

    private static SiloPorts TakePorts(ParseResult parsed) =>
        SiloPorts.Take(parsed.GetRequiredValue(Address), parsed.GetValue(SiloPort), parsed.GetValue(GatewayPort));
}

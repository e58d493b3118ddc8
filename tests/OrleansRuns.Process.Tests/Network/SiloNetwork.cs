using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using OrleansRuns.TestKit;
using ChildProcess = System.Diagnostics.Process;

namespace OrleansRuns.Process.Tests;

/// <summary>
/// A bridge of this machine and network namespaces behind it, one for each silo, whose connections can be cut without a word: what is
/// sent is lost, and nobody is told.
/// </summary>
/// <remarks>
/// Everything has the id of this process in its name, so that what a killed test has left is known, and removed by the next.
/// </remarks>
internal sealed partial class SiloNetwork : IAsyncDisposable
{
    /// <summary>An address that no interface has: the bridge passes on what is sent to it, and everybody drops it.</summary>
    private const string Nowhere = "02:00:00:00:00:01";

    private const string NamespaceFolder = "/var/run/netns";
    private const string LinkFolder = "/sys/class/net";
    private static readonly string Bridge = NameOf(Environment.ProcessId, "b");

    private readonly string _subnet;
    private readonly PostgresProxy _database;

    private SiloNetwork(string subnet, PostgresProxy database)
    {
        _subnet = subnet;
        _database = database;
    }

    /// <summary>Gets where the silos are started.</summary>
    internal IReadOnlyList<SiloPlace> Places { get; private set; } = [];

    /// <summary>Makes a network from which a database can be reached.</summary>
    /// <param name="places">How many silos it is for.</param>
    /// <param name="connectionString">The database, as this process reaches it.</param>
    internal static async Task<SiloNetwork> CreateAsync(int places, string connectionString)
    {
        await SweepAsync();
        var subnet = await FindSubnetAsync();
        await IpCommand.RunAsync($"link add {Bridge} type bridge");
        await IpCommand.RunAsync($"address add {subnet}1/24 dev {Bridge}");
        await IpCommand.RunAsync($"link set {Bridge} up");
        var network = new SiloNetwork(subnet, new PostgresProxy(connectionString, IPAddress.Parse($"{subnet}1")));
        try
        {
            network.Places = [.. await Task.WhenAll(Enumerable.Range(0, places).Select(network.AddAsync))];
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>Loses everything that one place and the others send to each other.</summary>
    /// <param name="place">The place.</param>
    /// <param name="alsoFromDatabase">Whether the place loses the database and the clients, too.</param>
    internal Task CutAsync(int place, bool alsoFromDatabase) => alsoFromDatabase
        ? IpCommand.RunAsync($"link set {Link(place)} nomaster")
        : EachPairAsync(place, (space, peer) => $"-n {space} neighbor replace {peer} lladdr {Nowhere} dev eth0 nud permanent");

    /// <summary>Takes <see cref="CutAsync"/> back.</summary>
    internal Task HealAsync(int place, bool alsoFromDatabase) => alsoFromDatabase
        ? IpCommand.RunAsync($"link set {Link(place)} master {Bridge}")
        : EachPairAsync(place, (space, peer) => $"-n {space} neighbor delete {peer} dev eth0");

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        await SweepAsync();
    }

    /// <summary>Names a thing of a process; names of interfaces have at most 15 characters.</summary>
    internal static string NameOf(int process, string thing) => string.Create(CultureInfo.InvariantCulture, $"orns{process}{thing}");

    private static string Namespace(int place) => NameOf(Environment.ProcessId, $"n{place}");

    private static string Link(int place) => NameOf(Environment.ProcessId, $"l{place}");

    private string Address(int place) => $"{_subnet}{10 + place}";

    private async Task<SiloPlace> AddAsync(int place)
    {
        var (space, link) = (Namespace(place), Link(place));
        await IpCommand.RunAsync($"netns add {space}");
        await IpCommand.RunAsync($"link add {link} type veth peer name eth0 netns {space}");
        await IpCommand.RunAsync($"link set {link} master {Bridge} up");
        await IpCommand.RunAsync($"-n {space} address add {Address(place)}/24 dev eth0");
        await IpCommand.RunAsync($"-n {space} link set eth0 up");
        await IpCommand.RunAsync($"-n {space} link set lo up");
        return new SiloPlace(SiloProcess.Assembly, "--postgres", _database.ConnectionString, "--address", Address(place))
        {
            Prefix = [IpCommand.Name, "netns", "exec", space],
        };
    }

    private async Task EachPairAsync(int place, Func<string, string, string> change)
    {
        foreach (var other in Enumerable.Range(0, Places.Count).Where(other => other != place))
        {
            await IpCommand.RunAsync(change(Namespace(place), Address(other)));
            await IpCommand.RunAsync(change(Namespace(other), Address(place)));
        }
    }

    /// <summary>Finds a subnet of those that are set aside for tests of networks.</summary>
    private static async Task<string> FindSubnetAsync()
    {
        var used = await IpCommand.RunAsync("-4 -oneline address");
        return Enumerable.Range(Environment.ProcessId, 256)
            .Select(number => string.Create(CultureInfo.InvariantCulture, $"198.18.{number % 256}."))
            .First(subnet => !used.Contains(subnet, StringComparison.Ordinal));
    }

    /// <summary>Removes what is of this process or of one that is gone, with the processes in it.</summary>
    private static async Task SweepAsync()
    {
        foreach (var space in NamesIn(NamespaceFolder))
        {
            foreach (var process in (await IpCommand.RunAsync($"netns pids {space}")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                using var left = ChildProcess.GetProcessById(int.Parse(process, CultureInfo.InvariantCulture));
                left.Kill();
                await left.WaitForExitAsync().WithinAsync($"the death of process {process} in {space}");
            }

            await IpCommand.RunAsync($"netns delete {space}");
        }

        foreach (var link in NamesIn(LinkFolder))
        {
            // Its other end goes with it, or it has gone with its other end.
            await IpCommand.TryAsync($"link delete {link}");
        }
    }

    private static IReadOnlyList<string> NamesIn(string folder) =>
        Directory.Exists(folder) ? [.. Directory.GetFileSystemEntries(folder).Select(path => Path.GetFileName(path)).Where(IsLeft)] : [];

    private static bool IsLeft(string name) =>
        OwnName().Match(name) is { Success: true } match
        && int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) is var owner
        && (owner == Environment.ProcessId || !Directory.Exists($"/proc/{owner}"));

    [GeneratedRegex("^orns([0-9]+)[a-z][0-9]*$")]
    private static partial Regex OwnName();
}

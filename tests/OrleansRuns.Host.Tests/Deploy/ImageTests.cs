using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json;
using YamlDotNet.RepresentationModel;

namespace OrleansRuns.Host.Tests;

/// <summary>The image and the silos that compose makes of it agree with the program.</summary>
public sealed class ImageTests
{
    private static readonly (string Word, string Value)[] Dockerfile =
    [
        .. from line in File.ReadLines(Checkout.PathOf("deploy", "Dockerfile"))
           where line.Length > 0 && line[0] != '#'
           let parts = line.Split(' ', 2)
           select (parts[0], parts[1]),
    ];

    private static readonly YamlNode Compose = Manifest.Read(File.ReadAllText(Checkout.PathOf("deploy", "compose.yaml"))).Single();

    private static readonly YamlNode[] Silos =
        [.. ((YamlMappingNode)Compose.At("services")).Where(one => one.Key.ToString() != "postgres").Select(one => one.Value)];

    [Fact]
    public void Dockerfile_Instructions_AreKnown() => Assert.Empty(
        Dockerfile.Select(line => line.Word).Except(["FROM", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "ENTRYPOINT", "CMD"]));

    [Fact]
    public void Image_Start_IsTheProgramItselfWithoutAShell()
    {
        var entry = JsonSerializer.Deserialize<string[]>(Last("ENTRYPOINT"))!;
        var parsed = CommandLine.Parse(JsonSerializer.Deserialize<string[]>(Last("CMD"))!);

        Assert.Equal(["dotnet", $"/app/{Path.GetFileName(typeof(ExitCode).Assembly.Location)}"], entry);
        Assert.Empty(parsed.Errors);
        Assert.Contains($"{parsed.GetValue(ServeCommand.Http)!.Port}", Last("EXPOSE").Split(' '));
        Assert.Equal("$APP_UID", Last("USER"));
        Assert.EndsWith("-chiseled", Last("FROM"), StringComparison.Ordinal);
        Assert.StartsWith($"mcr.microsoft.com/dotnet/aspnet:{Environment.Version.ToString(2)}-", Last("FROM"), StringComparison.Ordinal);
    }

    [Fact]
    public void Image_Copies_AreThereAndReachTheBuild()
    {
        var sources = Dockerfile.Where(line => line.Word == "COPY" && !line.Value.StartsWith("--from", StringComparison.Ordinal))
            .SelectMany(line => line.Value.Split(' ')[..^1]).Order(StringComparer.Ordinal);
        var ignored = File.ReadAllLines(Checkout.PathOf(".dockerignore"));

        Assert.Equal(ignored.Where(line => line.StartsWith('!')).Select(line => line[1..]).Order(StringComparer.Ordinal), sources);
        Assert.All(sources, source => Assert.True(Path.Exists(Checkout.PathOf(source)), source));
        Assert.Contains("*", ignored);
    }

    [Fact]
    public void Compose_Members_AreKnown()
    {
        string[] known =
        [
            .. """
               << name x-silo image build context dockerfile environment depends_on condition restart stop_grace_period read_only tmpfs
               cap_drop security_opt services volumes healthcheck test interval timeout retries networks command ports ipv4_address
               ipam config subnet
               """.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries),
        ];
        // Whose members are names that somebody chose.
        string[] chosen = ["environment", "depends_on", "services", "networks", "volumes"];

        Assert.Empty(Unknown(Compose, isChosen: false));

        IEnumerable<string> Unknown(YamlNode node, bool isChosen) => node switch
        {
            YamlMappingNode mapping => mapping.Children.SelectMany(pair =>
                (isChosen || known.Contains(pair.Key.ToString()) ? Array.Empty<string>() : [pair.Key.ToString()])
                    .Concat(Unknown(pair.Value, !isChosen && chosen.Contains(pair.Key.ToString())))),
            YamlSequenceNode sequence => sequence.Children.SelectMany(item => Unknown(item, isChosen: false)),
            _ => [],
        };
    }

    [Fact]
    public void Compose_Silos_AreThreeWithAddressesOfTheirOwn()
    {
        var addresses = Silos.Select(silo =>
        {
            var parsed = CommandLine.Parse([.. silo.Items("command").Select(one => one.ToString())]);
            Assert.Empty(parsed.Errors);
            Assert.Equal(8080, parsed.GetValue(ServeCommand.Http)!.Port);
            Assert.Equal(IPAddress.Any, parsed.GetValue(ServeCommand.Http)!.Address);
            Assert.Equal(silo.Text("networks.silos.ipv4_address"), $"{parsed.GetValue(ServeCommand.Address)}");
            Assert.EndsWith(":8080", silo.Text("ports.0"), StringComparison.Ordinal);
            return silo.Text("networks.silos.ipv4_address");
        }).ToList();

        Assert.Equal(3, addresses.Distinct().Count());
        Assert.Equal(3, Silos.Select(silo => silo.Text("ports.0")).Distinct().Count());
        Assert.Equal("service_healthy", Compose.Text("x-silo.depends_on.postgres.condition"));
        Assert.All(Silos, silo => Assert.Same(Compose.At("x-silo"), silo.At("<<")));
        Assert.Contains(RunsDatabase.Variable, ((YamlMappingNode)Compose.At("x-silo.environment")).Select(one => one.Key.ToString()));
    }

    [Fact]
    public void Compose_Grace_IsLongerThanTheProgramTakesToStop()
    {
        var grace = TimeSpan.FromSeconds(int.Parse(Compose.Text("x-silo.stop_grace_period").TrimEnd('s'), CultureInfo.InvariantCulture));

        Assert.True(ProgramBudgets.Read().Stop < grace, $"The silos are killed after {grace}.");
    }

    private static string Last(string word) => Dockerfile.Last(line => line.Word == word).Value;
}

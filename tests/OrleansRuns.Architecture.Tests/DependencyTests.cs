using System.Xml.Linq;

namespace OrleansRuns.Architecture.Tests;

/// <summary>The direction of dependencies, as docs/ARCHITECTURE.md draws it.</summary>
public sealed class DependencyTests
{
    public static TheoryData<string, string[], string[]> Allowed => new()
    {
        { "OrleansRuns.Graphs", [], [] },
        { "OrleansRuns.Abstractions", [], ["Microsoft.Orleans.Sdk"] },
        { "OrleansRuns.Runtime", ["OrleansRuns.Abstractions", "OrleansRuns.Graphs"], ["Microsoft.Orleans.Server"] },
        {
            "OrleansRuns.AdoNet",
            ["OrleansRuns.Runtime"],
            ["Microsoft.Data.Sqlite", "Microsoft.Orleans.Clustering.AdoNet", "Microsoft.Orleans.Persistence.AdoNet", "Npgsql"]
        },
        {
            "OrleansRuns.Host",
            ["OrleansRuns.AdoNet"],
            ["KubernetesClient", "Microsoft.Extensions.Hosting", "Spectre.Console", "System.CommandLine"]
        },
    };

    [Theory]
    [MemberData(nameof(Allowed))]
    public void Project_References_PointOneWay(string project, string[] projects, string[] packages)
    {
        var file = Repository.Projects("src").Single(path => Path.GetFileNameWithoutExtension(path) == project);

        var document = XDocument.Load(file);

        Assert.Empty(Includes(document, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path)).Except(projects));
        Assert.Empty(Includes(document, "PackageReference").Except(packages));
    }

    [Fact]
    public void Projects_OfTheProduct_AreAllListed() =>
        Assert.Equal(
            Repository.Projects("src").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal),
            Allowed.Select(row => (string)row[0]).Order(StringComparer.Ordinal));

    [Fact]
    public void Projects_Versions_AreCentral() =>
        Assert.Empty(
            from file in Repository.Projects("src").Concat(Repository.Projects("tests"))
            from reference in XDocument.Load(file).Descendants("PackageReference")
            where reference.Attribute("Version") is not null
            select $"{Repository.Relative(file)}: {reference}");

    [Fact]
    public void Projects_LockFiles_AreChecked() =>
        Assert.Empty(
            from file in Repository.Projects("src").Concat(Repository.Projects("tests"))
            where !File.Exists(Path.Combine(Path.GetDirectoryName(file)!, "packages.lock.json"))
            select $"{Repository.Relative(file)} has no packages.lock.json");

    [Fact]
    public void Databases_Names_StandInAdoNetAndHostOnly() =>
        Assert.Empty(
            from file in Repository.CSharpFiles("src")
            let path = Repository.Relative(file)
            where !path.StartsWith("src/OrleansRuns.AdoNet/", StringComparison.Ordinal)
            where !path.StartsWith("src/OrleansRuns.Host/", StringComparison.Ordinal)
            from line in File.ReadLines(file)
            where line.Contains("Npgsql", StringComparison.Ordinal) || line.Contains("Sqlite", StringComparison.OrdinalIgnoreCase)
            select $"{path}: {line.Trim()}");

    private static IEnumerable<string> Includes(XDocument project, string element) =>
        project.Descendants(element).Select(reference => (string)reference.Attribute("Include")!);
}

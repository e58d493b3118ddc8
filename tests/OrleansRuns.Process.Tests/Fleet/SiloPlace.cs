using System.Reflection;

namespace OrleansRuns.Process.Tests;

/// <summary>Where and how a silo process is started.</summary>
/// <param name="Program">The assembly of the program.</param>
/// <param name="Arguments">Its command line.</param>
internal sealed record SiloPlace(string Program, params IReadOnlyList<string> Arguments)
{
    /// <summary>Gets the command that leads there; empty for this machine as it is.</summary>
    internal IReadOnlyList<string> Prefix { get; init; } = [];

    /// <summary>Gets the same place, with a search for runs by the clock once a day: what goes on sooner does so for a reason.</summary>
    internal SiloPlace WithoutTimer => this with { Prefix = [.. Prefix, "env", "OrleansRuns__Recovery__Period=1.00:00:00"] };

    /// <summary>Describes the program as it serves on this machine.</summary>
    /// <param name="connectionString">The database.</param>
    internal static SiloPlace Serving(string connectionString) => new(SiloProcess.Assembly, "--postgres", connectionString);

    /// <summary>Describes a silo whose orders wait for the line "go" when they have charged and not yet said so in a checkpoint.</summary>
    /// <param name="connectionString">The database.</param>
    internal static SiloPlace Holding(string connectionString) => new(AssemblyOf("RunSilo"), "postgres", connectionString);

    /// <summary>Finds the assembly of a program that is built with the tests.</summary>
    internal static string AssemblyOf(string program) => typeof(SiloPlace).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(one => one.Key == program).Value!;
}

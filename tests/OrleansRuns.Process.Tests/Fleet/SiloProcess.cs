using System.Reflection;
using System.Text.RegularExpressions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Process.Tests;

/// <summary>The program, serving as one silo of a cluster in a process of its own.</summary>
internal sealed partial class SiloProcess : IAsyncDisposable
{
    private readonly ChildProgram _program;

    private SiloProcess(ChildProgram program, string address)
    {
        _program = program;
        Address = address;
    }

    /// <summary>Gets the assembly of the program.</summary>
    internal static string Assembly { get; } = AssemblyOf("Host");

    /// <summary>Gets the silo's address, as "ip:port@generation".</summary>
    internal string Address { get; }

    /// <summary>Gets what the silo has logged so far.</summary>
    internal string Log => _program.Errors;

    /// <summary>Starts a silo and waits until it takes part in the cluster.</summary>
    /// <param name="folder">The folder it starts in.</param>
    /// <param name="arguments">The command line, with the database.</param>
    internal static Task<SiloProcess> StartAsync(string folder, params IEnumerable<string> arguments) =>
        StartProgramAsync(Assembly, folder, arguments);

    /// <summary>Gets where a program is that the tests start.</summary>
    internal static string AssemblyOf(string program) =>
        typeof(SiloProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(one => one.Key == program).Value!;

    /// <summary>Starts another program that says the same when it takes part.</summary>
    internal static async Task<SiloProcess> StartProgramAsync(string assembly, string folder, IEnumerable<string> arguments)
    {
        var program = ChildProgram.Start(assembly, folder, arguments);
        while (await program.ReadLineAsync() is { } line)
        {
            if (ReadyLine().Match(line) is { Success: true } ready)
            {
                return new SiloProcess(program, $"{ready.Groups[1].Value}@{ready.Groups[2].Value}");
            }
        }

        var end = await program.EndAsync();
        throw new InvalidOperationException($"The silo ended with {end.ExitCode} before it was ready: {end.Errors}");
    }

    /// <inheritdoc cref="ChildProgram.KillAsync"/>
    internal Task KillAsync() => _program.KillAsync();

    /// <inheritdoc cref="ChildProgram.Pause"/>
    internal void Pause() => _program.Pause();

    /// <inheritdoc cref="ChildProgram.Resume"/>
    internal void Resume() => _program.Resume();

    /// <summary>Stops the silo as a supervisor does, and waits for its end.</summary>
    internal Task<ProgramEnd> StopAsync()
    {
        _program.Terminate();
        return _program.EndAsync();
    }

    /// <summary>Waits for the silo to end by itself.</summary>
    internal Task<ProgramEnd> EndAsync() => _program.EndAsync();

    public ValueTask DisposeAsync() => _program.DisposeAsync();

    [GeneratedRegex(@"^Silo S([0-9.:]+):(-?[0-9]+) takes part")]
    private static partial Regex ReadyLine();
}

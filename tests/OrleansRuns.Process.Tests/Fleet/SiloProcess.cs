using System.Text.RegularExpressions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Process.Tests;

/// <summary>The program, serving as one silo of a cluster in a process of its own.</summary>
internal sealed partial class SiloProcess : IAsyncDisposable
{
    private readonly ChildProgram _program;

    private SiloProcess(ChildProgram program, SiloPlace place, string address)
    {
        _program = program;
        Place = place;
        Address = address;
    }

    /// <summary>Gets where the silo was started.</summary>
    internal SiloPlace Place { get; }

    /// <summary>Gets the assembly of the program.</summary>
    internal static string Assembly { get; } = SiloPlace.AssemblyOf("Host");

    /// <summary>Gets the silo's address, as "ip:port@generation".</summary>
    internal string Address { get; }

    /// <summary>Gets what the silo has logged so far.</summary>
    internal string Log => _program.Errors;

    /// <summary>Starts a silo and waits until it takes part in the cluster.</summary>
    /// <param name="place">Where.</param>
    /// <param name="folder">The folder it starts in.</param>
    internal static async Task<SiloProcess> StartAsync(SiloPlace place, string folder)
    {
        var program = ChildProgram.StartBehind(place.Prefix, place.Program, folder, place.Arguments);
        var ready = await program.ReadyAsync(ReadyLine());
        return new SiloProcess(program, place, $"{ready.Groups[1].Value}@{ready.Groups[2].Value}");
    }

    /// <inheritdoc cref="ChildProgram.KillAsync"/>
    internal Task KillAsync() => _program.KillAsync();

    /// <inheritdoc cref="ChildProgram.Pause"/>
    internal void Pause() => _program.Pause();

    /// <inheritdoc cref="ChildProgram.Resume"/>
    internal void Resume() => _program.Resume();

    /// <inheritdoc cref="ChildProgram.WriteLine"/>
    internal void WriteLine(string line) => _program.WriteLine(line);

    /// <inheritdoc cref="ChildProgram.Interrupt"/>
    internal void Interrupt() => _program.Interrupt();

    /// <inheritdoc cref="ChildProgram.Terminate"/>
    internal void Terminate() => _program.Terminate();

    /// <summary>Stops the silo as a supervisor does, and waits for its end.</summary>
    internal Task<ProgramEnd> StopAsync()
    {
        Terminate();
        return _program.EndAsync();
    }

    /// <summary>Waits for the silo to end by itself.</summary>
    internal Task<ProgramEnd> EndAsync() => _program.EndAsync();

    public ValueTask DisposeAsync() => _program.DisposeAsync();

    [GeneratedRegex(@"^Silo S([0-9.:]+):(-?[0-9]+) takes part")]
    private static partial Regex ReadyLine();
}

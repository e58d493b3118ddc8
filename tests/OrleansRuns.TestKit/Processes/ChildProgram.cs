using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using System.Threading.Channels;

namespace OrleansRuns.TestKit;

/// <summary>A program of ours in a process of its own.</summary>
/// <remarks>It does not outlive the test: disposing kills what still runs.</remarks>
public sealed partial class ChildProgram : IAsyncDisposable
{
    private const int InterruptSignal = 2;
    private const int TerminateSignal = 15;
    private const int ContinueSignal = 18;
    private const int StopSignal = 19;

    // Starting a process takes a second of a processor, and a busy machine gives it seldom.
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly ConcurrentQueue<string> _errors = [];
    private string _last = "nothing";

    private ChildProgram(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => _ = line.Data is { } data
            ? _lines.Writer.TryWrite(data)
            : _lines.Writer.TryComplete();
        _process.ErrorDataReceived += (_, line) => _errors.Enqueue(line.Data ?? "");
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Gets what the program has written to standard error so far.</summary>
    public string Errors => string.Join(Environment.NewLine, _errors);

    /// <summary>Starts a program.</summary>
    /// <param name="program">Its assembly.</param>
    /// <param name="folder">The folder it starts in.</param>
    /// <param name="arguments">Its command line.</param>
    public static ChildProgram Start(Assembly program, string folder, params IEnumerable<string> arguments)
    {
        ArgumentNullException.ThrowIfNull(program);
        return Start(program.Location, folder, arguments);
    }

    /// <inheritdoc cref="Start(Assembly, string, IEnumerable{string})"/>
    public static ChildProgram Start(string program, string folder, params IEnumerable<string> arguments) =>
        StartBehind([], program, folder, arguments);

    /// <summary>Starts a program by way of another command, such as one that enters a network namespace.</summary>
    /// <param name="prefix">The command and its arguments; it has to become the program, so that signals reach the program.</param>
    /// <param name="program">The program's assembly.</param>
    /// <param name="folder">The folder it starts in.</param>
    /// <param name="arguments">Its command line.</param>
    public static ChildProgram StartBehind(
        IEnumerable<string> prefix, string program, string folder, params IEnumerable<string> arguments)
    {
        // A shell starts what it puts into the background with the signal of Ctrl+C ignored, and children inherit that.
        string[] command = [.. prefix, .. OperatingSystem.IsLinux() ? new[] { "env", "--default-signal=INT", "dotnet" } : ["dotnet"]];
        return new ChildProgram(new ProcessStartInfo(command[0], [.. command[1..], program, .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>What it said.</returns>
    public static Task<ProgramEnd> RunAsync(Assembly program, string folder, params IEnumerable<string> arguments)
    {
        ArgumentNullException.ThrowIfNull(program);
        return RunAsync(program.Location, folder, arguments);
    }

    /// <inheritdoc cref="RunAsync(Assembly, string, IEnumerable{string})"/>
    public static async Task<ProgramEnd> RunAsync(string program, string folder, params IEnumerable<string> arguments)
    {
        await using var child = Start(program, folder, arguments);
        return await child.EndAsync();
    }

    /// <summary>Reads the next line of standard output.</summary>
    /// <returns>The line, or <see langword="null"/> when the program has ended.</returns>
    public async Task<string?> ReadLineAsync()
    {
        try
        {
            return _last = await _lines.Reader.ReadAsync().AsTask().WithinAsync($"a line after '{_last}' of {Describe()}", Bound);
        }
        catch (ChannelClosedException)
        {
            return null;
        }
    }

    /// <summary>Reads lines until one says that the program is ready. A program that does not get there is disposed.</summary>
    /// <param name="ready">What that line has.</param>
    /// <exception cref="InvalidOperationException">The program has ended before.</exception>
    public async Task<Match> ReadyAsync(Regex ready)
    {
        ArgumentNullException.ThrowIfNull(ready);
        try
        {
            while (await ReadLineAsync() is { } line)
            {
                if (ready.Match(line) is { Success: true } match)
                {
                    return match;
                }
            }

            var end = await EndAsync();
            throw new InvalidOperationException($"{Describe()} ended with {end.ExitCode} before it was ready.");
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes a line to standard input. A program that is paused reads it when it goes on.</summary>
    public void WriteLine(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>Reads what is left of standard output and waits for the end.</summary>
    public async Task<ProgramEnd> EndAsync()
    {
        var lines = new List<string>();
        while (await ReadLineAsync() is { } line)
        {
            lines.Add(line);
        }

        await _process.WaitForExitAsync().WithinAsync($"the end of {Describe()}", Bound);
        return new ProgramEnd(_process.ExitCode, lines, Errors);
    }

    /// <summary>Kills the program as kill -9 does: it gets no chance to do anything.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WithinAsync($"the death of {Describe()}", Bound);
    }

    /// <summary>Sends what Ctrl+C sends.</summary>
    public void Interrupt() => Signal(InterruptSignal);

    /// <summary>Sends what a supervisor sends to make a program stop.</summary>
    public void Terminate() => Signal(TerminateSignal);

    /// <summary>Stops the program where it stands, as a pause of its machine does. Nothing of it runs until <see cref="Resume"/>.</summary>
    public void Pause() => Signal(StopSignal);

    /// <summary>Lets a program that was paused go on.</summary>
    public void Resume() => Signal(ContinueSignal);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private void Signal(int signal)
    {
        if (Kill(_process.Id, signal) != 0)
        {
            throw new InvalidOperationException($"Signal {signal} could not be sent to {Describe()}.");
        }
    }

    private string Describe() =>
        $"'{string.Join(' ', _process.StartInfo.ArgumentList.Select(Path.GetFileName))}' (process {_process.Id}); it said: {Errors}";

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}

/// <summary>How a program ended.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Lines">What it wrote to standard output and nobody had read.</param>
/// <param name="Errors">What it wrote to standard error.</param>
public sealed record ProgramEnd(int ExitCode, IReadOnlyList<string> Lines, string Errors)
{
    /// <summary>Gets the lines as one text.</summary>
    public string Output => string.Join('\n', Lines);
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace OrleansRuns.Host;

/// <summary>A silo of a demonstration: this program once more, in a process of its own. It does not outlive the demonstration.</summary>
internal sealed class DemoSilo : IAsyncDisposable
{
    private const int KeptErrors = 20;

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _errors = [];
    private readonly TaskCompletionSource _serving = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private DemoSilo(string name, int port, Process process)
    {
        (Name, Port, _process) = (name, port, process);
        // Both pipes are read: a silo whose pipe is full stands still.
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Gets what the demonstration calls it.</summary>
    internal string Name { get; }

    /// <summary>Gets the port that its address has.</summary>
    internal int Port { get; }

    private string Errors => string.Join(Environment.NewLine, _errors);

    /// <summary>Gets a task that completes when it serves.</summary>
    internal Task Serving => _serving.Task;

    /// <summary>Starts a silo.</summary>
    internal static DemoSilo Start(string name, string connectionString)
    {
        var port = HostBuilders.FreePort();
        string[] options = ["--silo-port", port.ToString(CultureInfo.InvariantCulture), "--gateway-port", "0"];
        var program = Environment.ProcessPath ?? "dotnet";
        var isDotnet = Path.GetFileNameWithoutExtension(program) == "dotnet";
        var start = new ProcessStartInfo(program, isDotnet ? [typeof(DemoSilo).Assembly.Location, .. options] : options)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Not on its command line, where every user of the machine could read the password.
        start.Environment[RunsDatabase.Variable] = connectionString;
        return new DemoSilo(name, port, Process.Start(start)!);
    }

    /// <summary>Sends what a supervisor sends to make it stop, and waits for its end.</summary>
    internal async Task<int> TerminateAsync()
    {
        // .NET can only kill.
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync().WaitAsync(Bound, TimeProvider.System);
        await _process.WaitForExitAsync().WaitAsync(Bound, TimeProvider.System);
        return _process.ExitCode;
    }

    /// <summary>Kills it as kill -9 does.</summary>
    internal Task KillAsync()
    {
        _process.Kill();
        return _process.WaitForExitAsync().WaitAsync(Bound, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        using (_process)
        {
            if (!_process.HasExited)
            {
                await KillAsync();
            }
        }
    }

    private void Hear(string? line)
    {
        if (line is not null)
        {
            // The first it says is that it serves.
            _serving.TrySetResult();
            return;
        }

        // Its output ends with it.
        _serving.TrySetException(new InvalidOperationException($"{Name} did not start: {Errors}"));
    }

    private void Keep(string? line)
    {
        _errors.Enqueue(line ?? "");
        if (_errors.Count > KeptErrors)
        {
            _errors.TryDequeue(out _);
        }
    }
}

using System.Diagnostics;
using System.Text.Json;
using OrleansRuns.TestKit;

namespace OrleansRuns.Host.Tests;

/// <summary>The program in a folder of its own, started as a user starts it.</summary>
internal sealed class HostProgram : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleansruns-host-");

    internal string Folder => _folder.FullName;

    internal string Database => PathOf(".orleansruns", "runs.db");

    public void Dispose() => _folder.Delete(recursive: true);

    internal string PathOf(params string[] parts) => Path.Combine([Folder, .. parts]);

    /// <summary>Writes a file below the folder.</summary>
    internal string Write(string path, string text)
    {
        var full = PathOf(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
        return full;
    }

    /// <summary>Makes a named pipe below the folder.</summary>
    internal async Task<string> MakePipeAsync(string path)
    {
        var full = PathOf(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        using var making = Process.Start("mkfifo", [full]);
        await making.WaitForExitAsync().WithinAsync($"mkfifo {full}");
        Assert.Equal(0, making.ExitCode);
        return full;
    }

    internal ChildProgram Start(params IEnumerable<string> arguments) =>
        ChildProgram.Start(typeof(ExitCode).Assembly, Folder, arguments);

    /// <summary>Starts the program as one that leaves the processor to others, so that a test can meet it at work.</summary>
    internal ChildProgram StartInTheBackground(params IEnumerable<string> arguments) =>
        ChildProgram.StartBehind(["nice", "-n", "19"], typeof(ExitCode).Assembly.Location, Folder, arguments);

    internal async Task<ProgramEnd> RunAsync(params IEnumerable<string> arguments)
    {
        await using var child = Start(arguments);
        return await child.EndAsync();
    }

    /// <summary>Runs the program as somebody whom a folder's mode can deny, which it cannot to root.</summary>
    internal async Task<ProgramEnd> RunWithoutPrivilegeAsync(params IEnumerable<string> arguments)
    {
        const string PassModes = "-dac_override,-dac_read_search";
        string[] prefix = Environment.IsPrivilegedProcess ? ["setpriv", $"--inh-caps={PassModes}", $"--bounding-set={PassModes}"] : [];
        await using var child = ChildProgram.StartBehind(prefix, typeof(ExitCode).Assembly.Location, Folder, arguments);
        return await child.EndAsync();
    }

    /// <summary>Runs a command with --json and reads its last line.</summary>
    internal async Task<JsonElement> RunJsonAsync(int exitCode, params IEnumerable<string> arguments)
    {
        var end = await RunAsync([.. arguments, "--json"]);
        Assert.True(exitCode == end.ExitCode, $"exit code {end.ExitCode}, not {exitCode}: {end.Errors} {end.Output}");
        return Json(end.Lines[^1]);
    }

    internal static JsonElement Json(string line)
    {
        using var document = JsonDocument.Parse(line);
        return document.RootElement.Clone();
    }
}

using System.Runtime.Versioning;

namespace OrleansRuns.Host.Tests;

/// <summary>Digests of folders that the program may not list.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ClosedFolderTests : IDisposable
{
    private readonly HostProgram _program = new();
    private readonly string _closed;

    public ClosedFolderTests()
    {
        _program.Write("in/open/a.txt", "One two.");
        _closed = Path.GetDirectoryName(_program.Write("in/closed/b.txt", "Three."))!;
        File.SetUnixFileMode(_closed, UnixFileMode.None);
    }

    public void Dispose()
    {
        File.SetUnixFileMode(_closed, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _program.Dispose();
    }

    [Fact]
    public async Task Run_FolderIsClosed_IsRefusedWithTheReason()
    {
        var end = await _program.RunWithoutPrivilegeAsync("run", "digest", "--input", """{"folder":"in/closed"}""");

        Assert.Equal((ExitCode.BadUsage, ""), (end.ExitCode, end.Output));
        Assert.Contains($"The folder '{_closed}' cannot be listed", end.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_FolderBelowIsClosed_TakesTheOthersAndSaysSo()
    {
        var end = await _program.RunWithoutPrivilegeAsync("run", "digest", "--input", """{"folder":"in"}""", "--json");

        Assert.True(end.ExitCode == ExitCode.Success, end.Errors);
        var state = HostProgram.Json(end.Lines[^1]).GetProperty("values");
        Assert.Equal("open/a.txt", Assert.Single(state.GetProperty("files").EnumerateArray()).GetProperty("path").GetString());
        var skipped = Assert.Single(state.GetProperty("skipped").EnumerateArray());
        Assert.Equal("closed/", skipped.GetProperty("path").GetString());
        Assert.StartsWith("the folder cannot be listed", skipped.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }
}

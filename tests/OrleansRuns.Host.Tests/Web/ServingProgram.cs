using System.Text.RegularExpressions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Host.Tests;

/// <summary>The program in a process of its own as it serves, and the way to its web server.</summary>
internal sealed partial class ServingProgram : IAsyncDisposable
{
    private readonly ChildProgram _program;

    private ServingProgram(ChildProgram program, string url)
    {
        _program = program;
        Client = new HttpClient { BaseAddress = new Uri(url), Timeout = Timeout.InfiniteTimeSpan };
    }

    internal HttpClient Client { get; }

    /// <summary>Gets what the program has logged so far.</summary>
    internal string Log => _program.Errors;

    /// <summary>Starts the program and waits until its web server answers.</summary>
    internal static async Task<ServingProgram> StartAsync(HostProgram program, params IEnumerable<string> arguments)
    {
        var child = program.Start(arguments);
        return new ServingProgram(child, (await child.ReadyAsync(AnswersLine())).Groups[1].Value);
    }

    /// <summary>Sends what a supervisor sends to make the program stop.</summary>
    internal void Terminate() => _program.Terminate();

    internal Task<ProgramEnd> EndAsync() => _program.EndAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _program.DisposeAsync();
    }

    [GeneratedRegex(@"^(http://\S+) answers ")]
    private static partial Regex AnswersLine();
}

using System.CommandLine;
using System.Globalization;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Host;

/// <summary>Executes a graph on an embedded silo and shows how it gets on.</summary>
internal static class RunCommand
{
    private static readonly Argument<string> Graph = new("graph") { Description = "The graph's name; 'graphs' lists them." };

    private static readonly Option<string?> Input = new("--input")
    {
        Description = "The input as JSON, or @ and a file that holds it. The default is {}.",
        HelpName = "json or @file",
    };

    private static readonly Option<string?> Thread = new("--thread")
    {
        Description = "The thread to run on. The default is a new one, the key's own one with --idempotency-key, or the graph's newest one "
            + "with --resume.",
        HelpName = "id",
    };

    private static readonly Option<string?> Resume = new("--resume")
    {
        Description = "Goes on where the thread stopped, with the answer to its question if it asks one. --input is not used then.",
        HelpName = "json or @file",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<int> RecursionLimit = new("--recursion-limit")
    {
        Description = "How many supersteps the run may take.",
        DefaultValueFactory = _ => 25,
    };

    private static readonly Option<MultitaskStrategy> Strategy = new("--strategy")
    {
        Description = "What to do when another run of the thread is not finished.",
        HelpName = string.Join("|", Enum.GetValues<MultitaskStrategy>().Select(WireName.Of)),
    };

    private static readonly Option<TimeSpan?> Timeout = new("--timeout")
    {
        Description = "How long the run may take, such as 00:05:00.",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time))
            {
                return time;
            }

            result.AddError($"--timeout takes a time such as 00:05:00, not '{text}'.");
            return null;
        },
        HelpName = "time",
    };

    private static readonly Option<string?> IdempotencyKey = new("--idempotency-key")
    {
        Description = "A key that starts one run however often the command is repeated. With --resume name the thread, too.",
        HelpName = "key",
    };

    private static readonly Option<string[]> Metadata = MetadataPairs.CreateOption("What to find the run by; may be repeated.");

    internal static Command Create()
    {
        Thread.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && ThreadId.ProblemOf(token.Value) is { } problem)
            {
                result.AddError(problem);
            }
        });
        var command = new Command("run", "Executes a graph. Exit code: 0 success, 2 bad usage, 3 failed, 4 to be gone on with.")
        {
            Graph,
            Input,
            Thread,
            Resume,
            RecursionLimit,
            Strategy,
            Timeout,
            IdempotencyKey,
            Metadata,
        };
        command.SetAction((parsed, _) => new RunSession(Read(parsed)).ExecuteAsync());
        return command;
    }

    private static RunSettings Read(ParseResult parsed) => new()
    {
        Graph = parsed.GetRequiredValue(Graph),
        Database = RunsDatabase.Of(parsed),
        IsJson = parsed.GetValue(CommandLine.Json),
        Thread = parsed.GetValue(Thread) ?? ThreadOfKey(parsed),
        Input = RunSettings.ReadJson(parsed.GetValue(Input), Input.Name),
        IsResume = parsed.GetResult(Resume) is not null,
        Answer = RunSettings.ReadJson(parsed.GetValue(Resume), Resume.Name),
        RecursionLimit = parsed.GetValue(RecursionLimit),
        Strategy = parsed.GetValue(Strategy),
        Timeout = parsed.GetValue(Timeout),
        IdempotencyKey = parsed.GetValue(IdempotencyKey),
        Metadata = MetadataPairs.Read(parsed.GetValue(Metadata)),
    };

    // What is resumed is on a thread already.
    private static string? ThreadOfKey(ParseResult parsed) =>
        parsed.GetResult(Resume) is null && parsed.GetValue(IdempotencyKey) is { } key ? RunSettings.ThreadOf(key) : null;
}

using System.Collections.Immutable;
using System.Text.Json;
using OrleansRuns.Graphs;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>Entries as runs write them.</summary>
public static class LogEntries
{
    /// <summary>When the entries were written.</summary>
    public static DateTimeOffset At { get; } = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    /// <summary>Makes an entry of one run's attempt.</summary>
    /// <param name="appendId">The id of the append: "{run}/{attempt}/{sequence}".</param>
    /// <param name="isBase">Whether no earlier entry has to be read.</param>
    /// <param name="records">The records; a claim when left out.</param>
    public static LogEntry Entry(string appendId, bool isBase = false, params LogRecord[] records)
    {
        ArgumentNullException.ThrowIfNull(appendId);
        ArgumentNullException.ThrowIfNull(records);
        var parts = appendId.Split('/');
        return new LogEntry
        {
            AppendId = appendId,
            RunId = parts[0],
            Attempt = int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture),
            At = At,
            IsBase = isBase,
            NextEvent = 7,
            Records = records.Length == 0 ? [Claim()] : [.. records],
        };
    }

    /// <summary>Makes a claim.</summary>
    public static ClaimLogRecord Claim() => new()
    {
        Owner = "silo-1:1@2",
        Graph = "digest",
        Fingerprint = "f1",
        StartStep = 3,
        IsResume = true,
        StartPosition = 11,
    };

    /// <summary>Makes a checkpoint of one superstep.</summary>
    /// <param name="text">What the superstep set the channel "summary" to.</param>
    /// <param name="full">Whether the record holds every channel.</param>
    public static CheckpointLogRecord Checkpoint(string text, bool full = false) => new()
    {
        Namespace = "review:t1",
        RunId = "run-0",
        At = At.AddSeconds(-1),
        Checkpoint = new CheckpointRecord
        {
            Id = "019b7c5e-0000-8000-8000-000000300000",
            ParentId = "019b7c5e-0000-8000-8000-000000200000",
            Step = 4,
            Source = CheckpointSource.Loop,
            Full = full,
            Channels = ImmutableSortedDictionary.CreateRange(
                StringComparer.Ordinal,
                [
                    KeyValuePair.Create("summary", Json(new { kind = "last_value", op = "set", value = text })),
                    KeyValuePair.Create("messages", Json(new { kind = "append_list", op = "append", value = new[] { new { id = "m1", text = "Grüße, 世界" } } })),
                ]),
            Next = [new PlannedTask { Node = "write" }, new PlannedTask { Node = "review", Argument = Json(new { file = "a.cs" }) }],
            Joins = ImmutableSortedDictionary.CreateRange(
                StringComparer.Ordinal, [KeyValuePair.Create("join", ImmutableArray.Create("left"))]),
            Deferred = ["report"],
            Ran = ["plan"],
        },
    };

    /// <summary>Makes pending writes: of a finished task, of one that asks, and of one that failed.</summary>
    /// <param name="text">What the finished task wrote.</param>
    public static WritesLogRecord Writes(string text) => new()
    {
        CheckpointId = "019b7c5e-0000-8000-8000-000000300000",
        Tasks =
        [
            new TaskWrites { TaskId = "t1", Node = "write", Finished = true, Update = Json(new { summary = new { set = text } }) },
            new TaskWrites
            {
                TaskId = "t2",
                Node = "ask",
                Answers = [Json("yes")],
                Interrupts = [new Interrupt { Id = "i1", Node = "ask", Value = Json("Go on?"), AnswerSchema = Json(new { type = "string" }) }],
            },
            new TaskWrites
            {
                TaskId = "t3",
                Node = "fetch",
                Finished = true,
                Goto = [new PlannedTask { Node = "repair" }],
                Error = new NodeError { Node = "fetch", Type = "System.TimeoutException", Message = "Too slow.", Attempts = 3 },
            },
        ],
    };

    /// <summary>Makes the end of a run.</summary>
    /// <param name="error">The error's message.</param>
    public static EndLogRecord End(string error) => new()
    {
        Status = "error",
        StopReason = "node_error",
        Error = error,
        CheckpointId = "019b7c5e-0000-8000-8000-000000300000",
    };

    /// <summary>Makes text that compresses as prose does, the same each time.</summary>
    /// <param name="characters">Its length.</param>
    public static string Prose(int characters)
    {
        string[] words = ["the", "checkpoint", "of", "a", "superstep", "holds", "what", "changed", "and", "what", "comes", "next"];
        var random = new Random(7);
        var text = new System.Text.StringBuilder();
        while (text.Length < characters)
        {
            text.Append(words[random.Next(words.Length)]).Append(random.Next(1000)).Append(' ');
        }

        return text.ToString(0, characters);
    }

    /// <summary>Makes a JSON value.</summary>
    public static JsonElement Json<T>(T value) => JsonSerializer.SerializeToElement(value);
}

using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace OrleansRuns.Runtime;

/// <summary>Checks that no run of a database is stuck and that its rows and its logs say the same.</summary>
public interface IRunDoctor
{
    /// <summary>Examines everything.</summary>
    /// <param name="repair">
    /// Whether to mend what follows from what is there, by the same compare-and-sets that runs use. A final status is never changed.
    /// </param>
    /// <param name="cancellationToken">Ends the examination.</param>
    /// <remarks>Silos may be at work meanwhile: what is found is looked at again before it is told.</remarks>
    Task<DoctorReport> ExamineAsync(bool repair, CancellationToken cancellationToken);
}

/// <summary>What the doctor saw.</summary>
public sealed record DoctorReport
{
    /// <summary>Gets how many threads there are.</summary>
    public required int Threads { get; init; }

    /// <summary>Gets how many runs there are.</summary>
    public required int Runs { get; init; }

    /// <summary>Gets how many entries the logs have.</summary>
    public required long Entries { get; init; }

    /// <summary>Gets how many runs wait for recovery, which is nothing wrong: the next silo that starts goes on with them.</summary>
    public required int Due { get; init; }

    /// <summary>Gets what is wrong.</summary>
    public required ImmutableArray<DoctorFinding> Findings { get; init; }

    /// <summary>Gets whether nothing is wrong any more.</summary>
    public bool IsHealthy => Findings.All(finding => finding.IsRepaired);
}

/// <summary>Something that is wrong.</summary>
public sealed record DoctorFinding
{
    /// <summary>Gets the check that found it.</summary>
    public required DoctorCheck Check { get; init; }

    /// <summary>Gets the thread.</summary>
    public required string ThreadId { get; init; }

    /// <summary>Gets the run, if it is about one.</summary>
    public string? RunId { get; init; }

    /// <summary>Gets what was found, and what can be done.</summary>
    public required string Text { get; init; }

    /// <summary>Gets whether it follows from what is there how to mend it.</summary>
    public bool IsRepairable { get; init; }

    /// <summary>Gets whether it was mended.</summary>
    public bool IsRepaired { get; init; }
}

/// <summary>What is checked.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DoctorCheck>))]
public enum DoctorCheck
{
    /// <summary>A slot's holder is a run that is there and not final, or an edit under way.</summary>
    [JsonStringEnumMemberName("slot_holder")]
    SlotHolder = 0,

    /// <summary>A run that is not final holds its thread's slot, or is queued behind the holder.</summary>
    [JsonStringEnumMemberName("run_stuck")]
    RunStuck = 1,

    /// <summary>At most one run of a thread has begun and not ended.</summary>
    [JsonStringEnumMemberName("two_active")]
    TwoActive = 2,

    /// <summary>A run whose log has its end has a final status.</summary>
    [JsonStringEnumMemberName("status_missing")]
    StatusMissing = 3,

    /// <summary>A final status agrees with the end in the log.</summary>
    [JsonStringEnumMemberName("status_disagrees")]
    StatusDisagrees = 4,

    /// <summary>Every entry of a log can be read, and follows the one before it.</summary>
    [JsonStringEnumMemberName("log_unreadable")]
    LogUnreadable = 5,

    /// <summary>What a thread's status at rest follows from agrees with its log, so that lists find it under the right one.</summary>
    [JsonStringEnumMemberName("thread_disagrees")]
    ThreadDisagrees = 6,
}

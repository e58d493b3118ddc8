using System.Text.Json.Serialization;

namespace OrleansRuns.Abstractions;

/// <summary>What becomes of a run whose silo shuts down.</summary>
[GenerateSerializer, Alias("OrleansRuns.RecoveryPolicy")]
[JsonConverter(typeof(JsonStringEnumConverter<RecoveryPolicy>))]
public enum RecoveryPolicy
{
    /// <summary>It goes on from its last checkpoint on another silo, or when one starts.</summary>
    [JsonStringEnumMemberName("resume")]
    Resume = 0,

    /// <summary>It ends as interrupted, reason drained. Its checkpoints stay, and another run of the thread may go on from them.</summary>
    [JsonStringEnumMemberName("stop")]
    Stop = 1,
}

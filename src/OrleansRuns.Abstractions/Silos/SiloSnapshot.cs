using System.Text.Json.Serialization;

namespace OrleansRuns.Abstractions;

/// <summary>A silo that executes runs, as it is now.</summary>
[GenerateSerializer, Immutable, Alias("OrleansRuns.SiloSnapshot")]
public sealed record SiloSnapshot
{
    /// <summary>Gets its name for operators: address, port and generation, such as "10.0.0.1:11111@1764000000".</summary>
    [Id(0)]
    public required string Silo { get; init; }

    /// <summary>Gets what the cluster says of it.</summary>
    [Id(1)]
    public required SiloCondition Condition { get; init; }

    /// <summary>Gets since when it takes part, by the database's clock.</summary>
    [Id(2)]
    public required DateTimeOffset Since { get; init; }

    /// <summary>Gets whether no runs begin on it. A cordon ends when it is undone, or with the silo's process.</summary>
    [Id(3)]
    public bool IsCordoned { get; init; }

    /// <summary>Gets whether it is bringing its runs to safety now.</summary>
    [Id(4)]
    public bool IsDraining { get; init; }

    /// <summary>Gets what a drain would have to do now; <see langword="null"/> when the silo did not answer or stops.</summary>
    [Id(5)]
    public DrainForecast? Forecast { get; init; }
}

/// <summary>What a silo would have to do if it were stopped or drained now.</summary>
/// <param name="Runs">The runs with live work on it.</param>
/// <param name="Duration">About how long it would take; never more than the silo's <c>Drain.Timeout</c>.</param>
[GenerateSerializer, Immutable, Alias("OrleansRuns.DrainForecast")]
public readonly record struct DrainForecast([property: Id(0)] int Runs, [property: Id(1)] TimeSpan Duration);

/// <summary>What the cluster says of a silo.</summary>
[GenerateSerializer, Alias("OrleansRuns.SiloCondition")]
[JsonConverter(typeof(JsonStringEnumConverter<SiloCondition>))]
public enum SiloCondition
{
    /// <summary>It starts.</summary>
    [JsonStringEnumMemberName("joining")]
    Joining = 0,

    /// <summary>It takes part.</summary>
    [JsonStringEnumMemberName("active")]
    Active = 1,

    /// <summary>It stops: it is drained, or takes its leave.</summary>
    [JsonStringEnumMemberName("stopping")]
    Stopping = 2,
}

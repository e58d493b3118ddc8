using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>Members of entries that only some have. What is written here must load for ever.</summary>
public sealed class LogMembersFormatTests
{
    internal const string RolledBack =
        """
        {"version":1,"appendId":"run-1/2/rollback","runId":"run-1","attempt":2,"at":"2026-01-02T03:04:05.678+00:00","isBase":true,
        "nextEvent":7,"supersedes":4,"records":[{"kind":"claim","owner":"o","graph":"g","fingerprint":"f","startStep":0,"isResume":false,
        "startPosition":4,"suspicion":{"lostOwners":["test/10.0.0.1:1@2"],"isAlone":true}},
        {"kind":"end","status":"interrupted","stopReason":"superseded","checkpointId":"c"}]}
        """;

    internal const string Resumed =
        """
        {"version":1,"appendId":"run-2/1/0","runId":"run-2","attempt":1,"at":"2026-01-02T03:04:05.678+00:00","isBase":false,
        "nextEvent":3,"records":[{"kind":"claim","owner":"o","graph":"g","fingerprint":"f","startStep":2,"isResume":true,
        "startPosition":5,"subgraphSteps":{"review:018f":4}}]}
        """;

    internal const string Written =
        """
        {"version":1,"appendId":"run-3/1/4","runId":"run-3","attempt":1,"at":"2026-01-02T03:04:05.678+00:00","isBase":false,
        "nextEvent":9,"records":[{"kind":"writes","namespace":"","checkpointId":"c","tasks":[{"taskId":"t","node":"n","finished":true,
        "update":{"log":["a"]},"kinds":{"log":"append_list"},"goto":[],"interrupts":[],"answers":[]}]}]}
        """;

    private readonly LogEntryFormat _format = new(new ThreadLogOptions(), codec: null);

    [Fact]
    public void Read_RolledBackRun_HasItsMeaning()
    {
        var entry = _format.Read(Encoding.UTF8.GetBytes(RolledBack), "here");

        var claim = (ClaimLogRecord)entry.Records[0];
        Assert.Equal((4L, "superseded"), (entry.Supersedes, ((EndLogRecord)entry.Records[1]).StopReason));
        Assert.Equal(("test/10.0.0.1:1@2", true), (Assert.Single(claim.Suspicion!.LostOwners), claim.Suspicion.IsAlone));
    }

    [Fact]
    public void Read_ResumedSubgraph_HasItsStep()
    {
        var claim = (ClaimLogRecord)_format.Read(Encoding.UTF8.GetBytes(Resumed), "here").Records[0];

        Assert.Equal(4, claim.SubgraphSteps!["review:018f"]);
    }

    [Fact]
    public void Read_WrittenChannel_HasItsKind()
    {
        var writes = (WritesLogRecord)_format.Read(Encoding.UTF8.GetBytes(Written), "here").Records[0];

        Assert.Equal("append_list", Assert.Single(writes.Tasks).Kinds!["log"]);
    }

    [Theory]
    [InlineData(RolledBack)]
    [InlineData(Resumed)]
    [InlineData(Written)]
    public void Write_WhatWasRead_GivesTheSameText(string stored)
    {
        var written = _format.Write(_format.Read(Encoding.UTF8.GetBytes(stored), "here"), "here");

        Assert.Equal(stored.Replace("\n", "", StringComparison.Ordinal), Encoding.UTF8.GetString(written));
    }

    [Fact]
    public void Texts_EveryMemberOfAnEntry_IsInOneOfThem()
    {
        var pinned = string.Concat(Files().Append(RolledBack).Append(Resumed).Append(Written).Append(LogEventsFormatTests.Stored));

        var missing = Members(typeof(LogEntry), []).Distinct().Where(
            name => !pinned.Contains($"\"{name}\":", StringComparison.Ordinal));

        Assert.Empty(missing);
    }

    private static IEnumerable<string> Files()
    {
        var assembly = typeof(LogMembersFormatTests).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".json", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            yield return reader.ReadToEnd();
        }
    }

    /// <summary>Gets the names of all members that an entry can store, also those of what it holds.</summary>
    private static IEnumerable<string> Members(Type type, HashSet<Type> seen)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsGenericType)
        {
            return type.GetGenericArguments().SelectMany(argument => Members(argument, seen));
        }

        if (type.Namespace?.StartsWith(nameof(OrleansRuns), StringComparison.Ordinal) != true || type.IsEnum || !seen.Add(type))
        {
            return [];
        }

        var stored = type.GetProperties()
            .Where(property => property.CanWrite && property.GetMethod!.IsPublic && !property.IsDefined(typeof(JsonIgnoreAttribute)))
            .Where(property => !property.IsDefined(typeof(JsonExtensionDataAttribute)))
            .ToList();
        return stored.Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name))
            .Concat(stored.SelectMany(property => Members(property.PropertyType, seen)))
            .Concat(type.GetCustomAttributes<JsonDerivedTypeAttribute>().SelectMany(derived => Members(derived.DerivedType, seen)));
    }
}

using System.Text;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>How an entry stores the events it makes durable. What is written here must load for ever.</summary>
public sealed class LogEventsFormatTests
{
    internal const string Stored =
        """
        {"version":1,"appendId":"r/1/3","runId":"r","attempt":1,"at":"2026-01-02T03:04:05.678+00:00","isBase":false,"nextEvent":4294967316,
        "events":{"first":12,"tellings":[
        {"kind":"attempt","namespace":""},
        {"kind":"checkpoint","namespace":""},
        {"kind":"tasks","namespace":"review:t0","tasks":[{"taskId":"t9","node":"check","phase":"interrupt"}]},
        {"kind":"superstep","namespace":"","tasks":[
        {"taskId":"t1","node":"a","phase":"end","cached":true,"update":{"total":3},"same":["list"]},
        {"taskId":"t2","node":"b","place":"earlier"},
        {"taskId":"t3","node":"c","place":"lost"}]},
        {"kind":"waiting","namespace":""}]},
        "records":[{"kind":"claim","owner":"o","graph":"g","fingerprint":"f","startStep":0,"isResume":false,"startPosition":0}]}
        """;

    private readonly LogEntryFormat _format = new(new ThreadLogOptions(), codec: null);

    [Fact]
    public void Read_StoredEvents_HaveTheirMeaning()
    {
        var events = _format.Read(Encoding.UTF8.GetBytes(Stored), "here").Events!;

        var superstep = events.Tellings[3];
        Assert.Equal(12, events.First);
        Assert.Equal(
            [LogTellingKind.Attempt, LogTellingKind.Checkpoint, LogTellingKind.Tasks, LogTellingKind.Superstep, LogTellingKind.Waiting],
            events.Tellings.Select(telling => telling.Kind));
        Assert.Equal(("review:t0", "interrupt"), (events.Tellings[2].Namespace, events.Tellings[2].Tasks!.Value[0].Phase));
        Assert.Equal(
            [("t1", "end", (bool?)true, null), ("t2", null, null, LogUpdatePlace.Earlier), ("t3", null, null, LogUpdatePlace.Lost)],
            superstep.Tasks!.Value.Select(task => (task.TaskId, task.Phase, task.Cached, task.Place)));
        Assert.Equal("""{"total":3}""", superstep.Tasks!.Value[0].Update!.Value.GetRawText());
        Assert.Equal("list", Assert.Single(superstep.Tasks!.Value[0].Same!.Value));
    }

    [Fact]
    public void Write_WhatWasRead_GivesTheSameText()
    {
        var written = _format.Write(_format.Read(Encoding.UTF8.GetBytes(Stored), "here"), "here");

        Assert.Equal(Stored.Replace("\n", "", StringComparison.Ordinal), Encoding.UTF8.GetString(written));
    }
}

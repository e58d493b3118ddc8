using System.Text.Json;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>The events that no execution tells: the end, and what is no longer kept.</summary>
internal static class RunEndEvents
{
    internal static RunEvent End(long number, RunSnapshot run) =>
        new(number, RunEventKinds.End, "", 0, null, JsonSerializer.Serialize(run, JsonSerializerOptions.Web));

    /// <summary>
    /// Says that the events between two numbers, both included, are no longer kept. It has the number of the last of them.
    /// </summary>
    internal static RunEvent Gap(long from, long to) =>
        new(to, RunEventKinds.Gap, "", 0, null, JsonSerializer.Serialize(new { from, to }, JsonSerializerOptions.Web));
}

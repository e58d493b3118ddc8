using System.Collections.Immutable;
using System.Text.Json;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>
/// What the tasks of a superstep wrote, as an entry stores it: nothing twice that can be read elsewhere, from the same base on. Pure.
/// </summary>
internal static class ToldUpdates
{
    /// <summary>Stores the update of a task.</summary>
    /// <param name="task">The task without its update.</param>
    /// <param name="update">The update.</param>
    /// <param name="written">What the tasks have written in earlier entries.</param>
    /// <param name="channels">The operations of the entry's checkpoint; <see langword="null"/> in a base, which must stand alone.</param>
    internal static LogToldTask Store(
        LogToldTask task,
        JsonElement? update,
        ImmutableSortedDictionary<string, TaskWrites> written,
        ImmutableSortedDictionary<string, JsonElement>? channels)
    {
        if (update is not { } members || channels is null)
        {
            return task with { Update = update };
        }

        if (written.GetValueOrDefault(task.TaskId) is { Finished: true })
        {
            return task with { Place = LogUpdatePlace.Earlier };
        }

        var byPlace = members.EnumerateObject().ToLookup(member =>
            channels.TryGetValue(member.Name, out var operation)
            && JsonElement.DeepEquals(operation.GetProperty("value"), member.Value));
        return task with
        {
            Update = byPlace.Contains(false) ? JsonSerializer.SerializeToElement(ByName(byPlace[false])) : null,
            Same = byPlace.Contains(true) ? [.. byPlace[true].Select(member => member.Name)] : null,
        };
    }

    /// <summary>Renders what the tasks of a superstep wrote.</summary>
    /// <param name="entry">The entry of its checkpoint.</param>
    /// <param name="telling">How the entry tells of it.</param>
    /// <param name="before">What the log says before the entry.</param>
    /// <returns>The payload, or <see langword="null"/> when it is not known any more.</returns>
    internal static string? Read(LogEntry entry, LogTelling telling, LogView before)
    {
        var channels = entry.Records.OfType<CheckpointLogRecord>()
            .First(record => record.Namespace == telling.Namespace && record.RunId is null).Checkpoint.Channels;
        var written = before.Namespaces.GetValueOrDefault(telling.Namespace)?.Writes;
        var tasks = new List<(string Node, string TaskId, JsonElement? Update)>();
        foreach (var task in telling.Tasks ?? [])
        {
            var earlier = task.Place == LogUpdatePlace.Earlier ? written?.GetValueOrDefault(task.TaskId) : null;
            if (task.Place is not null && earlier is null)
            {
                return null;
            }

            tasks.Add((task.Node, task.TaskId, earlier is null ? Whole(task, channels) : earlier.Update));
        }

        return RunTelling.Updates(tasks);
    }

    private static JsonElement? Whole(LogToldTask task, ImmutableSortedDictionary<string, JsonElement> channels)
    {
        if (task.Same is not { } same)
        {
            return task.Update;
        }

        var members = task.Update is { } update ? ByName(update.EnumerateObject()) : ByName([]);
        foreach (var name in same)
        {
            members[name] = channels[name].GetProperty("value");
        }

        return JsonSerializer.SerializeToElement(members);
    }

    private static SortedDictionary<string, JsonElement> ByName(IEnumerable<JsonProperty> members)
    {
        var sorted = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var member in members)
        {
            sorted[member.Name] = member.Value;
        }

        return sorted;
    }
}

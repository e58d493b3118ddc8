using System.Text.Json;
using Microsoft.Extensions.Options;
using OrleansRuns.Graphs;

namespace OrleansRuns.Runtime;

/// <summary>What nodes with a cache policy wrote on this silo, for as long as there is room.</summary>
/// <remarks>What was used longest ago goes first.</remarks>
internal sealed class NodeCache(IOptions<RunNodesOptions> options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _byUse = [];
    private long _bytes;

    /// <summary>Finds what was written for a key.</summary>
    /// <returns>The writes as a task's own, or <see langword="null"/> when there are none or their time is over.</returns>
    internal TaskWrites? Find(string key, string taskId) => Find(key) is { } known ? Of(taskId, known) : null;

    private TaskWrites? Find(string key)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var found))
            {
                return null;
            }

            Remove(found);
            if (found.Value.Until <= time.GetUtcNow())
            {
                return null;
            }

            Add(found.Value);
            return found.Value.Writes;
        }
    }

    /// <summary>Keeps the writes of a task that has finished by itself; those of other tasks are not kept.</summary>
    internal void Keep(string key, TaskWrites writes, TimeSpan? timeToLive)
    {
        if (writes is not { Finished: true, Error: null, Answers: [] })
        {
            return;
        }

        var bytes = key.Length + JsonSerializer.SerializeToUtf8Bytes(writes, JsonSerializerOptions.Web).Length
            + (writes.Untracked?.GetRawText().Length ?? 0);
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out var known))
            {
                Remove(known);
            }

            Add(new Entry(key, writes, bytes, timeToLive is { } kept ? time.GetUtcNow() + kept : DateTimeOffset.MaxValue));
            while (_bytes > options.Value.MaxCacheBytes)
            {
                Remove(_byUse.Last!);
            }
        }
    }

    /// <summary>Gives writes to another task, with what is named after the one that made them: messages that came without an id.</summary>
    private static TaskWrites Of(string taskId, TaskWrites known) => known with
    {
        TaskId = taskId,
        Update = Of(taskId, known, known.Update),
        Untracked = Of(taskId, known, known.Untracked),
    };

    private static JsonElement? Of(string taskId, TaskWrites known, JsonElement? update) => update is { } members
        ? JsonSerializer.Deserialize<JsonElement>(
            members.GetRawText().Replace($"\"{known.TaskId}/", $"\"{taskId}/", StringComparison.Ordinal))
        : null;

    private void Add(Entry entry)
    {
        _entries[entry.Key] = _byUse.AddFirst(entry);
        _bytes += entry.Bytes;
    }

    private void Remove(LinkedListNode<Entry> entry)
    {
        _entries.Remove(entry.Value.Key);
        _byUse.Remove(entry);
        _bytes -= entry.Value.Bytes;
    }

    private sealed record Entry(string Key, TaskWrites Writes, int Bytes, DateTimeOffset Until);
}

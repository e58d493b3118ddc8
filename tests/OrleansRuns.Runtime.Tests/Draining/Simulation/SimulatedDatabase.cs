using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>What outlives the silo: catalog and logs, with every rule of the databases, and all that was ever written to them.</summary>
internal sealed class SimulatedDatabase(VirtualTime time)
{
    private readonly MemoryRunCatalog _catalog = new(time);
    private readonly MemoryThreadLogStore _log = new();
    private readonly Dictionary<string, List<RunRow>> _rows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<LogEntry>> _entries = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];

    internal IRunCatalog Catalog => _catalog;

    internal IThreadLogStore Log => _log;

    /// <summary>Gets what must not have happened.</summary>
    internal IReadOnlyList<string> Problems => _problems;

    /// <summary>Gets or sets what happens when a row has changed.</summary>
    internal Action<RunRow> Changed { get; set; } = _ => { };

    /// <summary>Gets or sets from when the database does not hear anybody.</summary>
    internal TimeSpan StallsFrom { get; set; } = TimeSpan.MaxValue;

    /// <summary>Gets or sets until when it does not.</summary>
    internal TimeSpan StallsUntil { get; set; }

    /// <summary>Gets how long it hears nobody from now on.</summary>
    internal TimeSpan Stall => time.Now >= StallsFrom && time.Now < StallsUntil ? StallsUntil - time.Now : TimeSpan.Zero;

    internal void Problem(string problem) => _problems.Add($"{problem} ({time.Now})");

    /// <summary>Gets everything a row has said, oldest first.</summary>
    internal IReadOnlyList<RunRow> RowsOf(string runId) => _rows[runId];

    /// <summary>Gets everything that was appended to a log, oldest first.</summary>
    internal IReadOnlyList<LogEntry> EntriesOf(string logId) => _entries.GetValueOrDefault(logId) ?? [];

    internal RunRow RowOf(string runId) => Completed(_catalog.FindRunAsync(runId, CancellationToken.None))!;

    internal ThreadRow ThreadOf(string threadId) => Completed(_catalog.FindThreadAsync(threadId, CancellationToken.None))!;

    internal LogView ViewOf(string logId) => LogView.Of(Completed(_log.ReadLineAsync(logId, null, CancellationToken.None)));

    internal RunRow Admit(string threadId, StartRunRequest request)
    {
        var run = new NewRun(request.RunId, threadId, request.Graph, "fingerprint", RunRequests.ToRow(request));
        _ = Completed(_catalog.AdmitAsync(run, CancellationToken.None));
        _rows[request.RunId] = [RowOf(request.RunId)];
        return RowOf(request.RunId);
    }

    /// <summary>Holds what a row says now against what it has said before.</summary>
    internal void Look(string runId)
    {
        var (before, now) = (_rows[runId][^1], RowOf(runId) with { Holder = null });
        if (now == before with { Holder = null })
        {
            return;
        }

        if (before.IsFinal)
        {
            Problem($"the final row {before} was changed to {now}");
        }

        _rows[runId].Add(now);
        Changed(now);
    }

    internal void Appended(string logId, LogEntry entry)
    {
        if (!_entries.TryGetValue(logId, out var entries))
        {
            _entries[logId] = entries = [];
        }

        // What is appended again after its answer was lost is there once.
        if (entries.All(known => known.AppendId != entry.AppendId))
        {
            entries.Add(entry);
        }
    }

    private static T Completed<T>(Task<T> task) => task.IsCompleted
        ? task.GetAwaiter().GetResult()
        : throw new InvalidOperationException("What is in memory answers at once.");
}

using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;

namespace OrleansRuns.Runtime.Tests;

/// <summary>Notes in which order a silo's stages stop and what is written meanwhile, and what is written too late.</summary>
internal sealed class StopHistory : ILifecycleParticipant<ISiloLifecycle>
{
    private readonly ConcurrentQueue<string> _events = [];
    private readonly ConcurrentQueue<string> _late = [];
    private volatile bool _isClosed;

    internal List<string> Events => [.. _events];

    /// <summary>Gets what was written after storage had begun to close.</summary>
    internal IReadOnlyCollection<string> Late => _late;

    internal void Attach(ISiloBuilder silo)
    {
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(this);
        var log = silo.Services.Last(service => service.ServiceType == typeof(IThreadLogStore));
        silo.Services.Remove(log);
        silo.Services.AddSingleton<IThreadLogStore>(
            services => new NotedLogStore((IThreadLogStore)log.ImplementationFactory!(services), this));
    }

    public void Participate(ISiloLifecycle lifecycle)
    {
        // At the same stages, or at the first that take away what a write needs.
        Subscribe("gate", SiloDrain.GateStage);
        Subscribe("deactivation", ServiceLifecycleStage.GrainDeactivation);
        Subscribe("closed", ServiceLifecycleStage.ApplicationServices);

        void Subscribe(string name, int stage) => lifecycle.Subscribe(name, stage, _ => Task.CompletedTask, _ =>
        {
            _isClosed |= name == "closed";
            return NoteAsync($"stage {name}");
        });
    }

    internal void Clear() => _events.Clear();

    internal Task NoteAsync(string text)
    {
        _events.Enqueue(text);
        if (_isClosed && !text.StartsWith("stage", StringComparison.Ordinal))
        {
            _late.Enqueue(text);
        }

        return Task.CompletedTask;
    }

    private sealed class NotedLogStore(IThreadLogStore inner, StopHistory history) : IThreadLogStore
    {
        public async Task<AppendOutcome> AppendAsync(string logId, long position, LogEntry entry, CancellationToken cancellationToken)
        {
            var outcome = await inner.AppendAsync(logId, position, entry, cancellationToken);
            await history.NoteAsync(
                entry.Records.Any(record => record is EndLogRecord) ? $"end {entry.RunId}" : $"append {entry.RunId}");
            return outcome;
        }

        public Task<ImmutableArray<StoredEntry>> ReadLineAsync(string logId, long? position, CancellationToken cancellationToken) =>
            inner.ReadLineAsync(logId, position, cancellationToken);

        public Task<ImmutableArray<StoredEntry>> ReadPageAsync(
            string logId, long from, int limit, CancellationToken cancellationToken) =>
            inner.ReadPageAsync(logId, from, limit, cancellationToken);

        public Task<int> PruneAsync(string logId, long below, CancellationToken cancellationToken) =>
            inner.PruneAsync(logId, below, cancellationToken);
    }
}

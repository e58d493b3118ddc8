using System.Collections.Immutable;

namespace OrleansRuns.Runtime;

/// <summary>Knows which live silos of this cluster have a graph. Their leases say so, and the membership says who is alive.</summary>
internal sealed class GraphSilos(
    IOwnerLeases leases, SiloLease lease, LiveRuns live, IClusterMembershipService membership, TimeProvider time)
    : IDisposable
{
    /// <summary>How long an answer of the database is good: many runs of one graph ask at the same time.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    /// <summary>How long it is good for a look at versions, which every run that begins takes.</summary>
    private static readonly TimeSpan Recent = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _turn = new(1);
    private ImmutableArray<OwnerLease> _known = [];
    private MembershipVersion? _readMembers;
    private long? _readAt;

    public void Dispose() => _turn.Dispose();

    /// <summary>Gets the names of all graphs that some live silo has.</summary>
    internal async Task<IReadOnlyList<string>> NamesAsync()
    {
        await ReadAsync(time.GetTimestamp());
        return [.. Live().SelectMany(one => one.Graphs.Keys).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>Chooses a silo that has a graph and may begin runs, each as often as the others.</summary>
    /// <returns>The silo, or <see langword="null"/> when there is none.</returns>
    internal async Task<SiloAddress?> ChooseAsync(string graph)
    {
        var asked = time.GetTimestamp();
        await ReadAsync(asked - (long)(Fresh.TotalSeconds * time.TimestampFrequency));
        // Before the answer is no: a silo may have come up that has not been heard of here.
        return Choose(graph) ?? await LookAgainAsync();

        async Task<SiloAddress?> LookAgainAsync()
        {
            await ReadAsync(asked);
            return Choose(graph);
        }
    }

    /// <summary>Chooses a silo that has a graph, a cordoned one only when there is no other: it admits runs, and begins none.</summary>
    /// <returns>The silo, or <see langword="null"/> when no live silo has it.</returns>
    internal async Task<SiloAddress?> ChooseToAdmitAsync(string graph) => await ChooseAsync(graph) ?? Choose(graph, Live());

    /// <summary>Tells whether a graph may begin nowhere now because all silos that have it were seen to be cordoned.</summary>
    internal bool IsCordonedOff(string graph) => Choose(graph, Open()) is null && Choose(graph, Live()) is not null;

    /// <summary>Chooses where an activation is placed best that may begin a run, as far as it is known without asking.</summary>
    /// <returns>A silo, or <see langword="null"/> when every silo is as good, or none is good.</returns>
    internal SiloAddress? Avoiding()
    {
        var open = Open().Select(one => one.Owner.Silo).ToArray();
        return open.Length == 0 || open.Length == Live().Count() ? null : open[Random.Shared.Next(open.Length)];
    }

    /// <summary>Learns at once which silos there are and which of them are cordoned.</summary>
    internal Task RefreshAsync() => ReadAsync(time.GetTimestamp());

    /// <summary>Gets the other versions of a graph that live silos have.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="fingerprint">This silo's version.</param>
    internal async Task<ImmutableArray<GraphVersion>> OthersAsync(string graph, string fingerprint)
    {
        var asked = time.GetTimestamp();
        // A silo that has come up has its lease: when the members are the same, so are their graphs.
        var isSame = _readMembers == membership.CurrentSnapshot.Version;
        await ReadAsync(isSame ? asked - (long)(Recent.TotalSeconds * time.TimestampFrequency) : asked);
        var versions = Open().Where(one => one.Graphs.ContainsKey(graph)).ToLookup(one => one.Graphs[graph], StringComparer.Ordinal);
        var since = versions[fingerprint].Select(one => one.StartedAt).DefaultIfEmpty(DateTimeOffset.MaxValue).Min();
        return
        [
            .. versions.Where(version => version.Key != fingerprint).Select(version => new GraphVersion(
                version.Key, version.Min(one => one.StartedAt) > since, [.. version.Select(one => one.Owner.Silo)])),
        ];
    }

    private SiloAddress? Choose(string graph) => Choose(graph, Open());

    private static SiloAddress? Choose(string graph, IEnumerable<OwnerLease> among)
    {
        var silos = among.Where(one => one.Graphs.ContainsKey(graph)).Select(one => one.Owner.Silo).ToArray();
        return silos.Length == 0 ? null : silos[Random.Shared.Next(silos.Length)];
    }

    /// <summary>Gets those of the live silos that may begin runs. Of this one the gate knows best.</summary>
    private IEnumerable<OwnerLease> Open() =>
        Live().Where(one => one.Owner == lease.Owner ? !live.IsCordoned : !one.IsCordoned);

    private IEnumerable<OwnerLease> Live()
    {
        var members = membership.CurrentSnapshot.Members;
        return _known.Where(one =>
            one.Owner.ClusterId == lease.Owner.ClusterId
            && members.TryGetValue(one.Owner.Silo, out var member)
            // A silo that stops takes no new activation.
            && member.Status == SiloStatus.Active);
    }

    /// <summary>Reads leases and membership, unless they were read since a moment. All that ask meanwhile share the next read.</summary>
    private async Task ReadAsync(long since)
    {
        if (IsReadSince(since))
        {
            return;
        }

        await _turn.WaitAsync();
        try
        {
            if (!IsReadSince(since))
            {
                var started = time.GetTimestamp();
                await membership.Refresh();
                _readMembers = membership.CurrentSnapshot.Version;
                _known = await leases.ListLiveAsync(CancellationToken.None);
                _readAt = started;
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private bool IsReadSince(long moment) => _readAt is { } readAt && readAt >= moment;
}

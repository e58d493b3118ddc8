using System.Net;
using Orleans.Configuration;
using OrleansRuns.TestKit;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>Orleans' membership table on our own scripts: every query it sends, and what it relies on.</summary>
public sealed class MembershipTableTests(PostgresBench bench) : IClassFixture<PostgresBench>, IAsyncLifetime
{
    private readonly string _cluster = $"cluster-{Guid.NewGuid():N}";
    private StoreHost? _host;

    private IMembershipTable Table => _host!.Get<IMembershipTable>();

    public async Task InitializeAsync()
    {
        _host = await bench.StartAnotherAsync(silo => silo
            .Configure<ClusterOptions>(options => options.ClusterId = _cluster)
            .UseAdoNetClustering(options => options.Configure<IDatabase>((clustering, database) =>
                (clustering.Invariant, clustering.DataSource) = (PostgresDatabase.Invariant, database.Source))));
        await Table.InitializeMembershipTableAsync(true);
    }

    public async Task DisposeAsync() => await _host!.DisposeAsync();

    [Fact]
    public async Task ReadAll_NoSilo_HasAVersion()
    {
        await Table.InitializeMembershipTableAsync(true);

        var data = await Table.ReadAllAsync();

        Assert.Empty(data.Members);
        Assert.Equal(0, data.Version.Version);
    }

    [Fact]
    public async Task InsertRow_NewSilo_IsReadBackWhole()
    {
        var entry = Entry(11111);

        var isInserted = await Table.InsertRowAsync(entry, (await Table.ReadAllAsync()).Version.Next());

        var data = await Table.ReadRowAsync(entry.SiloAddress);
        var read = Assert.Single(data.Members).Item1;
        Assert.True(isInserted);
        Assert.Equal(1, data.Version.Version);
        Assert.Equal(entry.ToFullString(), read.ToFullString());
        Assert.Equal((entry.StartTime, entry.IAmAliveTime), (read.StartTime, read.IAmAliveTime));
    }

    [Fact]
    public async Task InsertRow_StaleVersionOrKnownSilo_ChangesNothing()
    {
        var stale = (await Table.ReadAllAsync()).Version.Next();
        await Table.InsertRowAsync(Entry(11111), stale);

        var isStaleInserted = await Table.InsertRowAsync(Entry(11112), stale);
        var isKnownInserted = await Table.InsertRowAsync(Entry(11111), (await Table.ReadAllAsync()).Version.Next());

        var data = await Table.ReadAllAsync();
        Assert.False(isStaleInserted || isKnownInserted);
        Assert.Single(data.Members);
        Assert.Equal(1, data.Version.Version);
    }

    [Fact]
    public async Task UpdateRow_StatusAndSuspects_AreChangedFromTheRightVersionOnly()
    {
        var entry = Entry(11111);
        await Table.InsertRowAsync(entry, (await Table.ReadAllAsync()).Version.Next());
        var before = await Table.ReadRowAsync(entry.SiloAddress);
        var (etag, version) = (Assert.Single(before.Members).Item2, before.Version.Next());
        entry.Status = SiloStatus.Dead;
        entry.AddSuspector(Entry(11112).SiloAddress, DateTime.UtcNow);

        var isUpdated = await Table.UpdateRowAsync(entry, etag, version);
        entry.Status = SiloStatus.Active;
        var isStaleUpdated = await Table.UpdateRowAsync(entry, etag, version);

        var data = await Table.ReadRowAsync(entry.SiloAddress);
        var read = Assert.Single(data.Members).Item1;
        Assert.True(isUpdated);
        Assert.False(isStaleUpdated);
        Assert.Equal((SiloStatus.Dead, 2), (read.Status, data.Version.Version));
        Assert.Equal(Entry(11112).SiloAddress, Assert.Single(read.SuspectTimes!).Item1);
    }

    [Fact]
    public async Task UpdateIAmAlive_Silo_RaisesNoVersion()
    {
        var entry = Entry(11111);
        await Table.InsertRowAsync(entry, (await Table.ReadAllAsync()).Version.Next());
        entry.IAmAliveTime = entry.IAmAliveTime.AddMinutes(1);

        await Table.UpdateIAmAliveAsync(entry);

        var data = await Table.ReadRowAsync(entry.SiloAddress);
        Assert.Equal((entry.IAmAliveTime, 1), (Assert.Single(data.Members).Item1.IAmAliveTime, data.Version.Version));
    }

    [Fact]
    public async Task CleanupDefunctSiloEntries_OldAndNotActive_AreRemoved()
    {
        foreach (var (port, status, age) in new[]
        {
            (1, SiloStatus.Active, 10), (2, SiloStatus.Dead, 10), (3, SiloStatus.Dead, 0), (4, SiloStatus.Joining, 10),
        })
        {
            var entry = Entry(port, status);
            entry.IAmAliveTime = entry.IAmAliveTime.AddDays(-age);
            await Table.InsertRowAsync(entry, (await Table.ReadAllAsync()).Version.Next());
        }

        await Table.CleanupDefunctSiloEntriesAsync(Entry(1).IAmAliveTime.AddDays(-1));

        var left = (await Table.ReadAllAsync()).Members.Select(member => member.Item1.SiloAddress.Endpoint.Port).Order();
        Assert.Equal([1, 3], left);
    }

    [Fact]
    public async Task DeleteMembershipTableEntries_Cluster_TakesItsOwnOnly()
    {
        await Table.InsertRowAsync(Entry(11111), (await Table.ReadAllAsync()).Version.Next());

        await Table.DeleteMembershipTableEntriesAsync("another");
        Assert.Single((await Table.ReadAllAsync()).Members);
        await Table.DeleteMembershipTableEntriesAsync(_cluster);
        await Table.InitializeMembershipTableAsync(true);

        Assert.Empty((await Table.ReadAllAsync()).Members);
    }

    [Fact]
    public async Task InsertRow_SixteenSilosAtOnce_GiveEachAVersionOfItsOwn()
    {
        await AtOnce.RunAsync(16, async index =>
        {
            while (!await Table.InsertRowAsync(Entry(20_000 + index), (await Table.ReadAllAsync()).Version.Next()))
            {
                // Another silo was faster: with the newest version it goes on, as Orleans does.
            }

            return true;
        });

        var data = await Table.ReadAllAsync();
        Assert.Equal((16, 16), (data.Members.Count, data.Version.Version));
    }

    private static MembershipEntry Entry(int port, SiloStatus status = SiloStatus.Active) => new()
    {
        SiloAddress = SiloAddress.New(IPAddress.Loopback, port, 7),
        SiloName = $"silo-{port}",
        HostName = "localhost",
        Status = status,
        ProxyPort = port + 30_000,
        StartTime = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc),
        IAmAliveTime = new DateTime(2026, 1, 2, 3, 4, 6, DateTimeKind.Utc),
    };
}

using Orleans.Configuration;

namespace OrleansRuns.AdoNet;

/// <summary>How soon a silo that died is missed, and how soon others may have its grains: two numbers that belong together.</summary>
/// <remarks>
/// After a crash the directory holds a dead silo's ranges for the range lease, less the time that failure detection may take. Faster
/// probes alone make that wait longer. Measured on three local silos with kill -9, until a survivor answered for the victim's grains:
/// 10.8 to 14.3 s with the defaults, 22.7 to 27.5 s with fast probes and the default lease of 30 s, 1.05 s with fast probes and no lease.
/// The lease guards against two activations of one grain; the thread log refuses the second writer whatever the directory believes, so
/// that runs do not need it.
/// </remarks>
internal static class FailureDetection
{
    internal static void Configure(ClusterMembershipOptions options)
    {
        options.ProbeTimeout = TimeSpan.FromSeconds(1);
        options.NumMissedProbesLimit = 3;

        // A silo that starts waits for every other that seems alive. After a crash of the whole cluster this bounds how long it does.
        options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(1);
        // Whoever misses the limit is no longer counted when others vote, so that a database that stalls must not make all seem silent.
        options.NumMissedTableIAmAliveLimit = 6;

        // Membership travels by gossip; the table is what a silo falls back to that was not told.
        options.TableRefreshTimeout = TimeSpan.FromSeconds(10);
    }

    internal static void Configure(GrainDirectoryOptions options) => options.RangeLeaseDuration = TimeSpan.Zero;
}

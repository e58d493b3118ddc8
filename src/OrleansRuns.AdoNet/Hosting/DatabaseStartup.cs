namespace OrleansRuns.AdoNet;

/// <summary>Opens the database before anything of the silo uses it, and closes it after everything has stopped.</summary>
internal sealed class DatabaseStartup(IDatabase database, SchemaMigrator migrator) : ILifecycleParticipant<ISiloLifecycle>
{
    // Stages start from the lowest number up and stop from the highest down. Membership and grain storage start far above this one.
    internal const int Stage = ServiceLifecycleStage.RuntimeInitialize - 1;

    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(
            nameof(DatabaseStartup),
            Stage,
            async cancellationToken =>
            {
                await database.OpenAsync(cancellationToken);
                await migrator.ApplyAsync(cancellationToken);
            },
            _ => database.CloseAsync());
}

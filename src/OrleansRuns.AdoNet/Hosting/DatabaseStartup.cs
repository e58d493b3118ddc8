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
            StartAsync,
            _ => database.CloseAsync());

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        await database.OpenAsync(cancellationToken);
        try
        {
            await migrator.ApplyAsync(cancellationToken);
        }
        catch
        {
            await database.AbandonAsync();
            throw;
        }
    }
}

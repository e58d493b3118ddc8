namespace OrleansRuns.AdoNet;

/// <summary>Opens a database to look at. Nothing in it is changed.</summary>
public sealed class RunsReader
{
    private readonly IDatabase _database;
    private readonly SchemaMigrator _migrator;

    internal RunsReader(IDatabase database, SchemaMigrator migrator)
    {
        _database = database;
        _migrator = migrator;
    }

    /// <summary>Opens the database and checks that this program may read it.</summary>
    /// <param name="cancellationToken">Cancels the opening.</param>
    /// <exception cref="OrleansConfigurationException">There is none, it holds no runs, or it is of a newer version.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken = default)
    {
        await _database.OpenAsync(cancellationToken);
        await _migrator.CheckAsync(cancellationToken);
    }
}

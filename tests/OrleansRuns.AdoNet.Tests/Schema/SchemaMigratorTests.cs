using OrleansRuns.TestKit;

namespace OrleansRuns.AdoNet.Tests;

public sealed class SqliteSchemaMigratorTests : SchemaMigratorContract
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleansruns-");

    public override Task InitializeAsync() => Task.CompletedTask;

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    // Not opened: the lock of the file would keep all but one away, and the migrations have to hold without it.
    internal override IDatabase NewDatabase() => new SqliteDatabase(Path.Combine(_folder.FullName, "runs.db"));
}

public sealed class PostgresSchemaMigratorTests : SchemaMigratorContract
{
    private PostgresTestDatabase? _server;

    public override async Task InitializeAsync() => _server = await PostgresTestDatabase.CreateAsync();

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _server!.DisposeAsync();
    }

    internal override IDatabase NewDatabase() =>
        PostgresDatabases.Create(_server!.ConnectionString);
}

using Npgsql;
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

    [Fact]
    public async Task ApplyAsync_ScriptOutlastsWhatAStatementOfARunMay_IsApplied()
    {
        await MigratorOf(NewDatabase()).ApplyAsync(CancellationToken.None);
        var impatient = new NpgsqlConnectionStringBuilder(_server!.ConnectionString) { CommandTimeout = 2 };
        var slow = new SchemaScript(Next, 1, "select pg_sleep(3); create table more (id integer);");

        await MigratorOf(PostgresDatabases.Create(impatient.ConnectionString), slow).ApplyAsync(CancellationToken.None);

        await using var source = NpgsqlDataSource.Create(_server.ConnectionString);
        await using var command = source.CreateCommand("select count(*) from orleansruns.more");
        Assert.Equal(0L, await command.ExecuteScalarAsync());
    }

    public override async Task InitializeAsync() => _server = await PostgresTestDatabase.CreateAsync();

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _server!.DisposeAsync();
    }

    internal override IDatabase NewDatabase() =>
        PostgresDatabases.Create(_server!.ConnectionString);
}

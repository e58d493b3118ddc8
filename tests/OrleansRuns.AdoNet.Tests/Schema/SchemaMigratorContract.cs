using System.Data.Common;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>What the migrations of both dialects promise. Every test has an empty database of its own.</summary>
public abstract class SchemaMigratorContract : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly List<IDatabase> _databases = [];

    [Fact]
    public async Task ApplyAsync_EightOpeningsAtOnce_ApplyEveryScriptOnce()
    {
        // Each has connections of its own, as eight processes have.
        var migrators = Enumerable.Range(0, 8).Select(_ => Migrator()).ToList();

        await AtOnce.RunAsync(8, async index =>
        {
            await migrators[index].ApplyAsync(None);
            return index;
        });

        Assert.Equal(migrators[0].Scripts.Length, await ScalarAsync("select count(*) from schema_versions"));
        Assert.Equal(3, await ScalarAsync("select count(*) from orleansquery where querykey like '%StorageKey'"));
    }

    [Fact]
    public async Task ApplyAsync_Again_ChangesNothing()
    {
        await Migrator().ApplyAsync(None);
        await ExecuteAsync("update schema_versions set applied_at = 'long ago'");

        await Migrator().ApplyAsync(None);

        Assert.Equal(Known, await ScalarAsync("select count(*) from schema_versions where applied_at = 'long ago'"));
    }

    [Fact]
    public async Task ApplyAsync_ScriptFails_LeavesNothingOfIt()
    {
        var broken = new SchemaScript(Next, 1, "create table half (id integer); insert into no_such_table values (1);");

        var error = await Assert.ThrowsAsync<OrleansConfigurationException>(() => Migrator(broken).ApplyAsync(None));

        Assert.Contains($"could not be brought to schema {Next}: ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("name one of its own for the runs. Nothing was changed.", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<DbException>(() => ScalarAsync("select count(*) from half"));
        await Migrator().ApplyAsync(None);
        Assert.Equal(Known, await ScalarAsync("select count(*) from schema_versions"));
    }

    [Fact]
    public async Task ApplyAsync_NextScript_IsAppliedToAnOlderDatabase()
    {
        await Migrator().ApplyAsync(None);

        await Migrator(new SchemaScript(Next, 1, "create table more (id integer);")).ApplyAsync(None);

        Assert.Equal(0, await ScalarAsync("select count(*) from more"));
        Assert.Equal(Known + 1, await ScalarAsync("select count(*) from schema_versions"));
    }

    [Fact]
    public async Task ApplyAsync_NewerSchemaThatStillAllowsUs_IsUsed()
    {
        await Migrator(new SchemaScript(Next, 1, "create table more (id integer);")).ApplyAsync(None);

        await Migrator().ApplyAsync(None);

        await Migrator().CheckAsync(None);
    }

    [Fact]
    public async Task ApplyAsync_NewerSchema_SaysWhichAndWhatToDo()
    {
        await Migrator(new SchemaScript(Next, Next, "create table more (id integer);")).ApplyAsync(None);

        var applying = await Assert.ThrowsAsync<OrleansConfigurationException>(() => Migrator().ApplyAsync(None));
        var checking = await Assert.ThrowsAsync<OrleansConfigurationException>(() => Migrator().CheckAsync(None));

        Assert.Equal(
            $"{_databases[0].DisplayName} has schema {Next}, which programs before schema {Next} may not use; "
            + $"this program knows schema {Next - 1}. "
            + "Use a newer program, or another database. Nothing was changed.",
            applying.Message);
        Assert.Equal(applying.Message, checking.Message);
    }

    [Fact]
    public async Task ApplyAsync_SchemaThatExcludedUsOnTheWay_IsRefusedToo()
    {
        var second = new SchemaScript(Next, Next, "create table more (id integer);");
        await Migrator(second, new SchemaScript(Next + 1, 1, "create table most (id integer);")).ApplyAsync(None);

        await Assert.ThrowsAsync<OrleansConfigurationException>(() => Migrator().ApplyAsync(None));
    }

    [Fact]
    public async Task CheckAsync_EmptyDatabase_SaysWhatToDo()
    {
        var exception = await Assert.ThrowsAsync<OrleansConfigurationException>(() => Migrator().CheckAsync(None));

        Assert.StartsWith($"{_databases[0].DisplayName} holds no runs: ", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>Gets how many scripts this program has.</summary>
    private int Known => Migrator().Scripts.Length;

    /// <summary>Gets the number of the script that a later program adds.</summary>
    private protected int Next => Migrator().Scripts[^1].Version + 1;

    public abstract Task InitializeAsync();

    public virtual async Task DisposeAsync()
    {
        foreach (var database in _databases)
        {
            await database.DisposeAsync();
        }
    }

    internal abstract IDatabase NewDatabase();

    /// <summary>Makes a migrator with connections of its own, of this program or of a later one with more scripts.</summary>
    private SchemaMigrator Migrator(params SchemaScript[] more) => MigratorOf(NewDatabase(), more);

    private protected SchemaMigrator MigratorOf(IDatabase database, params SchemaScript[] more)
    {
        _databases.Add(database);
        var migrator = new SchemaMigrator(database, TimeProvider.System);
        return new SchemaMigrator(database, TimeProvider.System) { Scripts = migrator.Scripts.AddRange(more) };
    }

    private Task<long> ExecuteAsync(string sql) => ScalarAsync(sql);

    private async Task<long> ScalarAsync(string sql)
    {
        if (_databases.Count == 0)
        {
            _databases.Add(NewDatabase());
        }

        await using var connection = await _databases[0].Source.OpenConnectionAsync();
        return await connection.ScalarAsync<long>(sql);
    }
}

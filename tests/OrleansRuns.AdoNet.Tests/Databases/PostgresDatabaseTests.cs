using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using OrleansRuns.Abstractions;
using OrleansRuns.Runtime;
using OrleansRuns.TestKit;
using static OrleansRuns.TestKit.LogEntries;

namespace OrleansRuns.AdoNet.Tests;

public sealed class PostgresDatabaseTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private PostgresTestDatabase? _server;

    private string ConnectionString => _server!.ConnectionString;

    public async Task InitializeAsync() => _server = await PostgresTestDatabase.CreateAsync();

    public async Task DisposeAsync() => await _server!.DisposeAsync();

    [Fact]
    public async Task OpenAsync_EightSilosAtOnceOnAnEmptyDatabase_AllServe()
    {
        var hosts = await AtOnce.RunAsync(8, _ => StartAsync());

        var outcomes = await AtOnce.RunAsync(
            8, index => hosts[index].Log.AppendAsync("log", 0, Entry($"run-{index}/1/0", isBase: true), None));

        Assert.Single(outcomes, outcome => outcome.IsAppended);
        foreach (var host in hosts)
        {
            await host.DisposeAsync();
        }
    }

    [Fact]
    public async Task OpenAsync_SynchronousCommitOff_IsRefusedUnlessAllowed()
    {
        await ExecuteAsync($"alter database {_server!.Name} set synchronous_commit = off");

        var exception = await Assert.ThrowsAsync<OrleansConfigurationException>(() => StartAsync());
        await using var host = await StartAsync(options => options.AllowAsynchronousCommit = true);

        Assert.Contains($"PostgreSQL database '{_server.Name}' on '", exception.Message, StringComparison.Ordinal);
        Assert.EndsWith(
            "has synchronous_commit = off, which may lose commits that were answered. Set it to on for this database or role, or set "
            + "AllowAsynchronousCommit to accept the loss.",
            exception.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Source_StatementSentAgain_IsPreparedByTheServer()
    {
        const string Statement = "select count(*) from pg_class where relname = $1";
        await using var database = PostgresDatabases.Create(ConnectionString);
        await using var connection = await database.Source.OpenConnectionAsync();
        for (var time = 0; time < 3; time++)
        {
            Assert.Equal(0L, await connection.ScalarAsync<long>(Statement.Replace("$1", "@name", StringComparison.Ordinal), ("name", "x")));
        }

        const string Prepared = "select count(*) from pg_prepared_statements where statement = @text";
        Assert.Equal(1L, await connection.ScalarAsync<long>(Prepared, ("text", Statement)));
    }

    [Fact]
    public async Task Source_ClientSilentInsideATransaction_LosesItsLocks()
    {
        await ExecuteAsync("create table held (id integer); insert into held values (1)");
        await using var database = PostgresDatabases.Create(ConnectionString);
        await using var silent = await database.Source.OpenConnectionAsync();
        await using var transaction = await silent.BeginTransactionAsync();
        await silent.ExecuteAsync("update public.held set id = 2");

        await ExecuteAsync("update held set id = 3").WithinAsync("the row that a silent client holds locked");

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => transaction.CommitAsync());
        Assert.Equal(3, await ExecuteAsync("select id from held"));
    }

    [Fact]
    public async Task OpenAsync_NoSuchDatabase_SaysSoWithoutThePassword()
    {
        var elsewhere = new NpgsqlConnectionStringBuilder(ConnectionString) { Database = "no_such_database" };

        var exception = await Assert.ThrowsAsync<OrleansConfigurationException>(
            () => StartAsync(options => options.ConnectionString = elsewhere.ConnectionString));

        Assert.StartsWith("PostgreSQL database 'no_such_database' on '", exception.Message, StringComparison.Ordinal);
        Assert.Contains("cannot be opened. ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(" Check the connection string, and whether the server runs: ", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(elsewhere.Password!, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FindRunAsync_IdThatNoDatabaseHolds_IsNoFailureOfTheDatabase()
    {
        await using var host = await StartAsync();

        // A failure of the database would be tried again.
        var error = await Assert.ThrowsAsync<ArgumentException>(() => host.Catalog.FindRunAsync("a\0b", None));

        Assert.Contains("The run has the character U+0000", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenAsync_TablesOfAnotherApplication_StayUntouched()
    {
        await ExecuteAsync("create table orleansstorage (id integer); create table runs (id integer); insert into runs values (1)");

        await using (var host = await StartAsync())
        {
            await host.Log.AppendAsync("log", 0, Entry("run-1/1/0", isBase: true), None);
        }

        Assert.Equal(1L, await ExecuteAsync("select count(*) from public.runs"));
        Assert.Equal(0L, await ExecuteAsync("select count(*) from public.orleansstorage"));
        Assert.Equal(1L, await ExecuteAsync("select count(*) from orleansruns.orleansstorage"));
    }

    [Fact]
    public async Task ListRunsAsync_WhateverTheDatabasesLanguage_SortsAsBytes()
    {
        await using var host = await StartAsync();
        string[] ids = ["a-1", "B-1", "a1", "A1", "b-1"];
        foreach (var id in ids)
        {
            await host.Catalog.AdmitAsync(
                new NewRun(id, "thread", "digest", "f1", "{}") { Strategy = MultitaskStrategy.Enqueue }, None);
        }

        var found = (await host.Get<IDoctorCatalog>().ListRunsAsync("thread", null, 10, None)).Select(row => row.RunId);

        Assert.Equal(ids.Order(StringComparer.Ordinal), found);
        Assert.Equal("C", await ExecuteAsync(
            "select collation_name from information_schema.columns where table_schema = 'orleansruns' and table_name = 'runs' "
            + "and column_name = 'run_id'"));
    }

    [Fact]
    public async Task Reader_WhileAnotherWrites_LooksOnAndChangesNothing()
    {
        await using var host = await StartAsync();
        await host.Log.AppendAsync("log", 0, Entry("run-1/1/0", isBase: true), None);
        await using var reader = new ServiceCollection().AddLogging().AddOrleansRunsPostgresReader(ConnectionString).BuildServiceProvider();
        await reader.GetRequiredService<RunsReader>().OpenAsync();

        Assert.Single(await reader.GetRequiredService<IThreadLogStore>().ReadLineAsync("log", null, None));
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(
            () => reader.GetRequiredService<IRunCatalog>().TakeSlotAsync("thread", "digest", "edit-1", None));
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(
            () => reader.GetRequiredService<IThreadLogStore>().PruneAsync("log", 1, None));
    }

    [Fact]
    public async Task Reader_ConfigurationOfTheSilos_CountsForItToo()
    {
        await ExecuteAsync($"alter database {_server!.Name} set synchronous_commit = off");
        await using var host = await StartAsync(options => options.AllowAsynchronousCommit = true);

        await using var reader = Reader(("OrleansRuns:Postgres:AllowAsynchronousCommit", "true"));
        await using var other = Reader();
        await using var wrong = Reader(("OrleansRuns:Postgres:MaxAutoPrepare", "-1"), ("OrleansRuns:Log:MaxEntryBytes", "1"));

        await reader.GetRequiredService<RunsReader>().OpenAsync();
        await Assert.ThrowsAsync<OrleansConfigurationException>(() => other.GetRequiredService<RunsReader>().OpenAsync());
        var errors = Assert.Throws<AggregateException>(() => wrong.GetRequiredService<RunsReader>());
        Assert.Equal(2, errors.InnerExceptions.OfType<OptionsValidationException>().Count());
    }

    private ServiceProvider Reader(params (string Key, string Value)[] configuration) => new ServiceCollection().AddLogging()
        .AddSingleton<IConfiguration>(new ConfigurationBuilder()
            .AddInMemoryCollection(configuration.Select(one => KeyValuePair.Create(one.Key, (string?)one.Value)))
            .Build())
        .AddOrleansRunsPostgresReader(ConnectionString)
        .BuildServiceProvider();

    private Task<StoreHost> StartAsync(Action<PostgresRunsOptions>? configure = null) =>
        StoreHost.StartAsync(silo => silo.AddOrleansRunsPostgres(options =>
        {
            options.ConnectionString = ConnectionString;
            configure?.Invoke(options);
        }));

    private async Task<object?> ExecuteAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}

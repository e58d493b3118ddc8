using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>The cluster on a SQLite file.</summary>
public sealed class SqliteTransitions : TransitionCluster
{
    protected override RunStore OpenStore() => new();
}

/// <summary>The cluster on a PostgreSQL database.</summary>
public sealed class PostgresTransitions : TransitionCluster
{
    private PostgresTestDatabase? _database;

    public override async Task InitializeAsync()
    {
        _database = await PostgresTestDatabase.CreateAsync();
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _database!.DisposeAsync();
    }

    protected override RunStore OpenStore() => RunStore.OnPostgres(_database!.ConnectionString);
}

[CollectionDefinition(nameof(SqliteTransitions))]
public sealed class SqliteTransitionCollection : ICollectionFixture<SqliteTransitions>;

[CollectionDefinition(nameof(PostgresTransitions))]
public sealed class PostgresTransitionCollection : ICollectionFixture<PostgresTransitions>;

[Collection(nameof(SqliteTransitions))]
public sealed class SqliteAdmissionTests(SqliteTransitions shared) : AdmissionContract(shared);

[Collection(nameof(PostgresTransitions))]
public sealed class PostgresAdmissionTests(PostgresTransitions shared) : AdmissionContract(shared);

[Collection(nameof(SqliteTransitions))]
public sealed class SqliteBeginTests(SqliteTransitions shared) : BeginContract(shared);

[Collection(nameof(PostgresTransitions))]
public sealed class PostgresBeginTests(PostgresTransitions shared) : BeginContract(shared);

[Collection(nameof(SqliteTransitions))]
public sealed class SqliteCancelTests(SqliteTransitions shared) : CancelContract(shared);

[Collection(nameof(PostgresTransitions))]
public sealed class PostgresCancelTests(PostgresTransitions shared) : CancelContract(shared);

[Collection(nameof(SqliteTransitions))]
public sealed class SqliteEndTests(SqliteTransitions shared) : EndContract(shared);

[Collection(nameof(PostgresTransitions))]
public sealed class PostgresEndTests(PostgresTransitions shared) : EndContract(shared);

[Collection(nameof(SqliteTransitions))]
public sealed class SqliteStopTests(SqliteTransitions shared) : StopContract(shared);

[Collection(nameof(PostgresTransitions))]
public sealed class PostgresStopTests(PostgresTransitions shared) : StopContract(shared);

[Collection(nameof(SqliteTransitions))]
public sealed class SqliteThreadSlotTests(SqliteTransitions shared) : ThreadSlotContract(shared);

[Collection(nameof(PostgresTransitions))]
public sealed class PostgresThreadSlotTests(PostgresTransitions shared) : ThreadSlotContract(shared);

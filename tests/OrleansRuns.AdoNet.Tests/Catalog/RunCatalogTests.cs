namespace OrleansRuns.AdoNet.Tests;

public sealed class MemoryRunCatalogTests(MemoryBench bench) : RunCatalogContract(bench), IClassFixture<MemoryBench>;

public sealed class SqliteRunCatalogTests(SqliteBench bench) : RunCatalogContract(bench), IClassFixture<SqliteBench>;

public sealed class PostgresRunCatalogTests(PostgresBench bench) : RunCatalogContract(bench), IClassFixture<PostgresBench>;

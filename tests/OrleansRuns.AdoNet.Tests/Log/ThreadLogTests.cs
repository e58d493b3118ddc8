namespace OrleansRuns.AdoNet.Tests;

public sealed class MemoryThreadLogTests(MemoryBench bench) : ThreadLogContract(bench), IClassFixture<MemoryBench>;

public sealed class SqliteThreadLogTests(SqliteBench bench) : AdoThreadLogContract(bench), IClassFixture<SqliteBench>;

public sealed class PostgresThreadLogTests(PostgresBench bench) : AdoThreadLogContract(bench), IClassFixture<PostgresBench>;

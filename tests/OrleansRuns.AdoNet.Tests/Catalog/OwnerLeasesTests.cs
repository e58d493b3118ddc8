namespace OrleansRuns.AdoNet.Tests;

public sealed class MemoryOwnerLeasesTests(MemoryBench bench) : OwnerLeasesContract(bench), IClassFixture<MemoryBench>;

public sealed class SqliteOwnerLeasesTests(SqliteBench bench) : OwnerLeasesContract(bench), IClassFixture<SqliteBench>;

public sealed class PostgresOwnerLeasesTests(PostgresBench bench) : OwnerLeasesContract(bench), IClassFixture<PostgresBench>;

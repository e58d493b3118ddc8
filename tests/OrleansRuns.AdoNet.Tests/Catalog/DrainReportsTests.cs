namespace OrleansRuns.AdoNet.Tests;

public sealed class MemoryDrainReportsTests(MemoryBench bench) : DrainReportsContract(bench), IClassFixture<MemoryBench>;

public sealed class SqliteDrainReportsTests(SqliteBench bench) : DrainReportsContract(bench), IClassFixture<SqliteBench>;

public sealed class PostgresDrainReportsTests(PostgresBench bench) : DrainReportsContract(bench), IClassFixture<PostgresBench>;

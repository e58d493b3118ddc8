namespace OrleansRuns.AdoNet.Tests;

public sealed class SqliteRunDoctorTests(SqliteBench bench) : RunDoctorContract(bench), IClassFixture<SqliteBench>;

public sealed class PostgresRunDoctorTests(PostgresBench bench) : RunDoctorContract(bench), IClassFixture<PostgresBench>;

namespace OrleansRuns.AdoNet.Tests;

public sealed class MemoryThreadLogTests(MemoryBench bench) : ThreadLogContract(bench), IClassFixture<MemoryBench>;

public sealed class SqliteThreadLogTests(SqliteBench bench) : AdoThreadLogContract(bench), IClassFixture<SqliteBench>
{
    protected override AdoBench NewBench() => new SqliteBench();

    protected override string EntryAsText => "cast(payloadbinary as text)";

    protected override string TableBytes => "select page_count * page_size from pragma_page_count, pragma_page_size";
}

public sealed class PostgresThreadLogTests(PostgresBench bench) : AdoThreadLogContract(bench), IClassFixture<PostgresBench>
{
    protected override AdoBench NewBench() => new PostgresBench();

    protected override string EntryAsText => "convert_from(payloadbinary, 'UTF8')";

    protected override string TableBytes => "select pg_total_relation_size('orleansstorage')";
}

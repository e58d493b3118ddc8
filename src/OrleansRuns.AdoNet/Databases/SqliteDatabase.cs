using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace OrleansRuns.AdoNet;

/// <summary>A SQLite file: one silo only, held by a lock of the operating system.</summary>
internal sealed class SqliteDatabase : IDatabase
{
    private const int NotADatabase = 26;
    private const string IsForeign = "select count(*) > 0 and coalesce(sum(name = 'schema_versions'), 0) = 0 from sqlite_master";

    private readonly DatabaseThread _writer = new("OrleansRuns SQLite writer");
    private readonly DatabaseThread _reader = new("OrleansRuns SQLite reader");
    private readonly string _file;
    private readonly bool _isReadOnly;
    private FileStream? _lock;
    private bool _isLockNew;

    internal SqliteDatabase(string file, bool isReadOnly = false)
    {
        _file = Path.GetFullPath(file);
        _isReadOnly = isReadOnly;
        ConnectionString = new SqliteConnectionStringBuilder
        {
            DataSource = _file,
            Mode = isReadOnly ? SqliteOpenMode.ReadOnly : SqliteOpenMode.ReadWriteCreate,
            ForeignKeys = true,
            DefaultTimeout = 30,
        }.ToString();
        Source = SqliteFactory.Instance.CreateDataSource(ConnectionString);
    }

    public DbDataSource Source { get; }

    public string ScriptFolder => "sqlite";

    public string DisplayName => $"SQLite file '{_file}'";

    public bool HasClock => false;

    internal string ConnectionString { get; }

    public Task<T> WriteAsync<T>(Func<Task<T>> work) => _writer.RunAsync(work);

    public Task<T> ReadAsync<T>(Func<Task<T>> work) => _reader.RunAsync(work);

    public Task<DbTransaction> LockSchemaAsync(DbConnection connection, CancellationToken cancellationToken) =>
        // An immediate transaction: the writer's lock is taken here, not at the first write.
        Task.FromResult<DbTransaction>(((SqliteConnection)connection).BeginTransaction(deferred: false));

    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        if (_isReadOnly && !File.Exists(_file))
        {
            throw new OrleansConfigurationException($"There is no {DisplayName}. Name the file of an earlier run, or run a graph first.");
        }

        try
        {
            if (!_isReadOnly)
            {
                if (Directory.Exists(_file))
                {
                    throw new OrleansConfigurationException(
                        $"{DisplayName} cannot be opened: it is a folder. Name a file that this program may write.");
                }

                Directory.CreateDirectory(Path.GetDirectoryName(_file)!);
                _lock = Lock();
            }

            await CheckAsync(cancellationToken);
        }
        catch (Exception exception)
        {
            await AbandonAsync();
            throw exception switch
            {
                SqliteException { SqliteErrorCode: NotADatabase } => new OrleansConfigurationException(
                    $"{DisplayName} is no SQLite database. Name another file, or move this one away; it was not changed.", exception),
                SqliteException or IOException or UnauthorizedAccessException => new OrleansConfigurationException(
                    $"{DisplayName} cannot be opened: {exception.Message} Name a file that this program may write.", exception),
                _ => exception,
            };
        }
    }

    public Task AbandonAsync()
    {
        if (_lock is not null && _isLockNew)
        {
            // While it is held: nobody else can have taken it, and whoever comes next is refused the file as well.
            File.Delete(_lock.Name);
        }

        return CloseAsync();
    }

    public Task CloseAsync()
    {
        // Pooled connections would keep the file open, and write its log back after another process has taken it over.
        using (var connection = new SqliteConnection(ConnectionString))
        {
            SqliteConnection.ClearPool(connection);
        }

        _lock?.Dispose();
        _lock = null;
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _writer.Dispose();
        _reader.Dispose();
        await Source.DisposeAsync();
        await CloseAsync();
    }

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        await using var connection = await Source.OpenConnectionAsync(cancellationToken);
        if (!_isReadOnly && await connection.ScalarAsync<long>(IsForeign) > 0)
        {
            throw new OrleansConfigurationException(
                $"{DisplayName} is the database of another program: it has tables, and those of runs are not among them. "
                + "Name another file; this one was not changed.");
        }

        // WAL lets readers look on while one writes; FULL makes a commit durable before it is answered.
        await connection.ExecuteAsync(_isReadOnly ? "select count(*) from sqlite_master" : "pragma journal_mode = wal");
        var synchronous = await connection.ScalarAsync<long>("pragma synchronous");
        if (synchronous < 2)
        {
            throw new OrleansConfigurationException(
                $"{DisplayName} is opened with synchronous = {synchronous}, which may lose commits. A build with FULL (2) is needed.");
        }
    }

    private FileStream Lock()
    {
        var path = _file + ".lock";
        try
        {
            _isLockNew = !File.Exists(path);
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (exception.GetType() == typeof(IOException))
        {
            throw new OrleansConfigurationException(
                $"{DisplayName} is in use by another process, and SQLite serves one silo only. Stop that process, name another file, "
                + "or use PostgreSQL (UseOrleansRunsPostgres) for several silos.",
                exception);
        }
    }
}

using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>Counts the statements that are run on a SQLite database.</summary>
internal sealed class CountingDatabase(IDatabase inner) : DbDataSource, IDatabase
{
    internal int Statements { get; private set; }

    public DbDataSource Source => this;

    public override string ConnectionString => ((SqliteDatabase)inner).ConnectionString;

    public string ScriptFolder => inner.ScriptFolder;

    public string DisplayName => inner.DisplayName;

    public bool HasClock => inner.HasClock;

    public Task<T> WriteAsync<T>(Func<Task<T>> work) => inner.WriteAsync(work);

    public Task<T> ReadAsync<T>(Func<Task<T>> work) => inner.ReadAsync(work);

    public Task<DbTransaction> LockSchemaAsync(DbConnection connection, CancellationToken cancellationToken) =>
        inner.LockSchemaAsync(connection, cancellationToken);

    public Task OpenAsync(CancellationToken cancellationToken) => inner.OpenAsync(cancellationToken);

    public Task AbandonAsync() => inner.AbandonAsync();

    public Task CloseAsync() => inner.CloseAsync();

    protected override DbConnection CreateDbConnection() => new CountingConnection(this);

    private sealed class CountingConnection(CountingDatabase counter) : SqliteConnection(counter.ConnectionString)
    {
        private bool _isOpen;

        public override void Open()
        {
            // Opening also runs statements; they are none of the store's.
            base.Open();
            _isOpen = true;
        }

        public override SqliteCommand CreateCommand()
        {
            counter.Statements += _isOpen ? 1 : 0;
            return base.CreateCommand();
        }
    }
}

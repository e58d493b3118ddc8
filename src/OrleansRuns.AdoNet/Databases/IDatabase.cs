using System.Data.Common;

namespace OrleansRuns.AdoNet;

/// <summary>The database of a silo, and where its work may run.</summary>
internal interface IDatabase : IAsyncDisposable
{
    /// <summary>Gets the source of connections.</summary>
    DbDataSource Source { get; }

    /// <summary>Gets the folder of the dialect's scripts below deploy/sql.</summary>
    string ScriptFolder { get; }

    /// <summary>Gets a name of the database that may stand in a message: no password.</summary>
    string DisplayName { get; }

    /// <summary>Gets whether the database has a clock of its own, which all silos share.</summary>
    bool HasClock { get; }

    /// <summary>Gets the present moment in SQL: by the database's clock, or the parameter "now" when it has none.</summary>
    string Now => HasClock ? "now()" : "@now";

    /// <summary>Runs work that writes.</summary>
    Task<T> WriteAsync<T>(Func<Task<T>> work);

    /// <summary>Runs work that only reads.</summary>
    Task<T> ReadAsync<T>(Func<Task<T>> work);

    /// <summary>Holds the lock under which migrations are applied, on an open connection of its own.</summary>
    Task<DbTransaction> LockSchemaAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>Takes the database for this silo and checks that its settings keep the promises.</summary>
    /// <exception cref="Orleans.Runtime.OrleansConfigurationException">Another process holds it, or a setting breaks a promise.</exception>
    Task OpenAsync(CancellationToken cancellationToken);

    /// <summary>Gives a database back that cannot be used, and leaves nothing behind that opening it has made beside it.</summary>
    Task AbandonAsync();

    /// <summary>Gives the database back, after everything that writes has stopped.</summary>
    Task CloseAsync();
}

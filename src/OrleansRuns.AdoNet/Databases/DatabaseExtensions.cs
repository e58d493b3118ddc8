using System.Collections.Immutable;
using System.Data.Common;

namespace OrleansRuns.AdoNet;

/// <summary>Work of a database on a connection of its own.</summary>
internal static class DatabaseExtensions
{
    /// <summary>Reads.</summary>
    /// <param name="database">The database.</param>
    /// <param name="read">Reads with the connection.</param>
    /// <param name="cancellationToken">Cancels the wait for a connection.</param>
    internal static Task<T> ReadAsync<T>(
        this IDatabase database, Func<DbConnection, Task<T>> read, CancellationToken cancellationToken) =>
        database.ReadAsync(() => database.ConnectAsync(read, cancellationToken));

    /// <summary>Writes without a transaction around it, as one statement may.</summary>
    /// <param name="database">The database.</param>
    /// <param name="write">Writes with the connection.</param>
    /// <param name="cancellationToken">Cancels the wait for a connection.</param>
    internal static Task<T> WriteAsync<T>(
        this IDatabase database, Func<DbConnection, Task<T>> write, CancellationToken cancellationToken) =>
        database.WriteAsync(() => database.ConnectAsync(write, cancellationToken));

    /// <summary>Writes in one transaction.</summary>
    /// <param name="database">The database.</param>
    /// <param name="change">Writes with the connection.</param>
    /// <param name="cancellationToken">Cancels the wait for a connection.</param>
    /// <param name="keep">Whether the transaction is committed; always when left out.</param>
    internal static Task<T> ChangeAsync<T>(
        this IDatabase database,
        Func<DbConnection, Task<T>> change,
        CancellationToken cancellationToken,
        Func<T, bool>? keep = null) =>
        database.WriteAsync(
            async connection =>
            {
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                var result = await change(connection);
                if (keep is null || keep(result))
                {
                    // Not cancelled: whoever waits has to learn whether it was committed.
                    await transaction.CommitAsync(CancellationToken.None);
                }

                return result;
            },
            cancellationToken);

    /// <summary>Reads all rows of one statement.</summary>
    internal static Task<ImmutableArray<T>> QueryAsync<T>(
        this IDatabase database,
        string sql,
        Func<DbDataReader, T> read,
        CancellationToken cancellationToken,
        params (string Name, object? Value)[] parameters) =>
        database.ReadAsync(connection => connection.QueryAsync(sql, read, parameters), cancellationToken);

    /// <summary>Writes with one command.</summary>
    /// <returns>How many rows it has changed.</returns>
    internal static Task<int> ExecuteAsync(
        this IDatabase database,
        string sql,
        CancellationToken cancellationToken,
        params (string Name, object? Value)[] parameters) =>
        database.WriteAsync(connection => connection.ExecuteAsync(sql, parameters), cancellationToken);

    private static async Task<T> ConnectAsync<T>(
        this IDatabase database, Func<DbConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await work(connection);
    }
}

using System.Collections.Immutable;
using System.Data.Common;

namespace OrleansRuns.AdoNet;

/// <summary>One statement in one line.</summary>
internal static class SqlExtensions
{
    internal static async Task<int> ExecuteAsync(
        this DbConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.Command(sql, parameters);
        return await command.ExecuteNonQueryAsync();
    }

    /// <summary>Executes what may take longer than a statement of a run, and can be given up.</summary>
    internal static async Task ExecuteAsync(
        this DbConnection connection, string sql, TimeSpan timeout, CancellationToken cancellationToken)
    {
        await using var command = connection.Command(sql, []);
        command.CommandTimeout = (int)timeout.TotalSeconds;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    internal static async Task<T?> ScalarAsync<T>(
        this DbConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.Command(sql, parameters);
        var value = await command.ExecuteScalarAsync();
        return value is null or DBNull ? default : (T)value;
    }

    internal static async Task<ImmutableArray<T>> QueryAsync<T>(
        this DbConnection connection, string sql, Func<DbDataReader, T> read, params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = ImmutableArray.CreateBuilder<T>();
        while (await reader.ReadAsync())
        {
            rows.Add(read(reader));
        }

        return rows.ToImmutable();
    }

    /// <summary>Sends several statements together, which is one round trip.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="sql">The statements. On PostgreSQL they are one transaction, also without one around them.</param>
    /// <param name="read">Reads the result sets; statements without one are passed over.</param>
    /// <param name="parameters">The parameters of all statements.</param>
    internal static async Task<T> BatchAsync<T>(
        this DbConnection connection, string sql, Func<DbDataReader, Task<T>> read, params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync();
        return await read(reader);
    }

    /// <summary>Reads the row of the present result set, if it has one, and moves on to the next.</summary>
    internal static async Task<T?> NextAsync<T>(this DbDataReader reader, Func<DbDataReader, T> read)
        where T : class
    {
        var row = await reader.ReadAsync() ? read(reader) : null;
        await reader.NextResultAsync();
        return row;
    }

    /// <summary>Reads all rows of the present result set and moves on to the next.</summary>
    internal static async Task<ImmutableArray<T>> NextAllAsync<T>(this DbDataReader reader, Func<DbDataReader, T> read)
    {
        var rows = ImmutableArray.CreateBuilder<T>();
        while (await reader.ReadAsync())
        {
            rows.Add(read(reader));
        }

        await reader.NextResultAsync();
        return rows.ToImmutable();
    }

    private static DbCommand Command(this DbConnection connection, string sql, (string Name, object? Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value is string text ? Checked(name, text) : value ?? DBNull.Value;
            if (value is null)
            {
                // Without a type PostgreSQL cannot tell what kind of null it is.
                parameter.DbType = System.Data.DbType.String;
            }

            command.Parameters.Add(parameter);
        }

        return command;
    }

    /// <exception cref="ArgumentException">PostgreSQL has no such text. It would be a failure of the database, and tried again.</exception>
    private static string Checked(string name, string text) => text.Contains('\0', StringComparison.Ordinal)
        ? throw new ArgumentException($"The {name.Replace('_', ' ')} has the character U+0000, which cannot be stored. Leave it out.", name)
        : text;
}

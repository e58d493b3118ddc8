using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace OrleansRuns.Host;

/// <summary>Where orders keep what they did. Bound to <c>Orders</c>, such as by the environment variable Orders__File.</summary>
internal sealed record OrderOptions
{
    /// <summary>Gets the SQLite file; the default is ".orleansruns/orders.db" below the current folder.</summary>
    public string File { get; init; } = Path.Combine(".orleansruns", "orders.db");

    /// <summary>Gets the connection string of a PostgreSQL database to use instead of the file.</summary>
    public string? ConnectionString { get; init; }
}

/// <summary>The world outside of an order: a table with a row for everything that was done.</summary>
/// <remarks>
/// A node may run more than once, its effect must not: the idempotency key of the node is the primary key, so that the second time finds
/// the first one's row. A real payment service takes such a key, too.
/// </remarks>
internal sealed class OrderEffects(DbDataSource source, string? folder, TimeProvider time) : IDisposable
{
    private const int MaxTries = 20;
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _creating = new(1);
    private bool _isCreated;

    internal static OrderEffects Open(OrderOptions options, TimeProvider time)
    {
        if (options.ConnectionString is { } connectionString)
        {
            var named = new NpgsqlConnectionStringBuilder(connectionString);
            // PostgreSQL first looks into a schema with the name of the role, and a silo may create one of that name after the table.
            named.SearchPath ??= "public";
            return new OrderEffects(NpgsqlDataSource.Create(named), folder: null, time);
        }

        var file = Path.GetFullPath(options.File);
        var connection = new SqliteConnectionStringBuilder { DataSource = file }.ToString();
        return new OrderEffects(SqliteFactory.Instance.CreateDataSource(connection), Path.GetDirectoryName(file), time);
    }

    public void Dispose()
    {
        source.Dispose();
        _creating.Dispose();
    }

    /// <summary>Does something once, however often it is asked to with the same key.</summary>
    /// <returns>Whether it was done now; <see langword="false"/> when it had been done before.</returns>
    internal async Task<bool> DoOnceAsync(string key, string orderId, string kind, decimal amount, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryOnceAsync(key, orderId, kind, amount, cancellationToken);
            }
            catch (DbException exception) when (exception.IsTransient && attempt < MaxTries)
            {
                // The key makes it safe to ask again, whether or not the lost answer was yes.
                var delay = TimeSpan.FromMilliseconds(50 * Math.Pow(2, attempt));
                await Task.Delay(delay < MaxDelay ? delay : MaxDelay, time, cancellationToken);
            }
        }
    }

    private async Task<bool> TryOnceAsync(string key, string orderId, string kind, decimal amount, CancellationToken cancellationToken)
    {
        await CreateTableAsync(cancellationToken);
        await using var command = source.CreateCommand(
            "insert into order_effects (idempotency_key, order_id, kind, amount, created_at) "
            + "values (@key, @order, @kind, @amount, @at) on conflict (idempotency_key) do nothing");
        Add(command, "key", key);
        Add(command, "order", orderId);
        Add(command, "kind", kind);
        Add(command, "amount", amount);
        Add(command, "at", time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture));
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Reads what was done for an order, in order.</summary>
    internal async Task<IReadOnlyList<string>> ReadKindsAsync(string orderId, CancellationToken cancellationToken)
    {
        await CreateTableAsync(cancellationToken);
        await using var command = source.CreateCommand("select kind from order_effects where order_id = @order order by created_at");
        Add(command, "order", orderId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var kinds = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            kinds.Add(reader.GetString(0));
        }

        return kinds;
    }

    private static void Add(DbCommand command, string name, object value)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = (name, value);
        command.Parameters.Add(parameter);
    }

    private async Task CreateTableAsync(CancellationToken cancellationToken)
    {
        await _creating.WaitAsync(cancellationToken);
        try
        {
            if (folder is not null)
            {
                Directory.CreateDirectory(folder);
            }

            for (var attempt = 1; !_isCreated; attempt++)
            {
                try
                {
                    await using var command = source.CreateCommand(
                        "create table if not exists order_effects (idempotency_key text primary key, order_id text not null, "
                        + "kind text not null, amount numeric not null, created_at text not null)");
                    await command.ExecuteNonQueryAsync(cancellationToken);
                    _isCreated = true;
                }
                catch (DbException exception) when (!exception.IsTransient && attempt < MaxTries)
                {
                    // Of two processes that create it in the same moment PostgreSQL refuses one, which then finds it there.
                    await Task.Yield();
                }
            }
        }
        finally
        {
            _creating.Release();
        }
    }
}

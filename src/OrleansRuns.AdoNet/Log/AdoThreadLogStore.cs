using System.Collections.Immutable;
using System.Data.Common;
using Orleans.Storage;
using OrleansRuns.Runtime;

namespace OrleansRuns.AdoNet;

/// <summary>Appends through Orleans grain storage, reads ranges with one query.</summary>
/// <param name="database">The database.</param>
/// <param name="storage">Orleans grain storage on the same database; <see langword="null"/> where only reading is allowed.</param>
/// <param name="format">The format of the entries.</param>
internal sealed class AdoThreadLogStore(IDatabase database, IGrainStorage? storage, LogEntryFormat format) : IThreadLogStore
{
    /// <summary>The name under which Orleans knows the grain storage of the log.</summary>
    internal const string StorageName = "orleansruns";

    private const int MaxLogIdLength = 64;
    private const string Columns = "select position, payloadbinary from orleansstorage where thread = @log ";

    public async Task<AppendOutcome> AppendAsync(
        string logId, long position, LogEntry entry, CancellationToken cancellationToken)
    {
        CheckLogId(logId);
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentNullException.ThrowIfNull(entry);
        cancellationToken.ThrowIfCancellationRequested();
        var grains = storage ?? throw new InvalidOperationException($"{database.DisplayName} was opened to read only.");
        var payload = format.Write(entry, Place(logId, position));
        var state = new GrainState<LogPayload>(new LogPayload { Bytes = payload });
        try
        {
            await database.WriteAsync(async () =>
            {
                // Work may have waited for its turn; from here on the outcome is awaited.
                cancellationToken.ThrowIfCancellationRequested();
                await grains.WriteStateAsync(
                    entry.IsBase ? "base" : "entry", GrainId.Create("thread-log", $"{logId}/{position}"), state);
                return true;
            });
            return new AppendOutcome(IsAppended: true, payload.Length);
        }
        catch (Exception exception) when (exception is InconsistentStateException or DbException or TimeoutException or IOException)
        {
            // A refusal may be the second arrival of an append whose first answer was lost, and an error may have come after the
            // commit: only the row tells.
            return await ResolveAsync(logId, position, entry.AppendId, payload.Length, exception);
        }
    }

    public async Task<ImmutableArray<StoredEntry>> ReadLineAsync(
        string logId, long? position, CancellationToken cancellationToken)
    {
        const string Line =
            Columns + "and position <= @position and position >= "
            + "(select max(position) from orleansstorage where thread = @log and graintypestring = 'base' and position <= @position) "
            + "order by position";
        var rows = await QueryAsync(Line, cancellationToken, ("log", logId), ("position", position ?? long.MaxValue));
        return position is null || (!rows.IsEmpty && rows[^1].Position == position) ? rows : [];
    }

    public Task<ImmutableArray<StoredEntry>> ReadPageAsync(string logId, long from, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1000);
        return QueryAsync(
            Columns + "and position >= @from order by position limit @limit",
            cancellationToken,
            ("log", logId),
            ("from", from),
            ("limit", limit));
    }

    public Task<int> PruneAsync(string logId, long below, CancellationToken cancellationToken) =>
        database.ExecuteAsync(
            "delete from orleansstorage where thread = @log and position < "
            + "(select max(position) from orleansstorage where thread = @log and graintypestring = 'base' and position <= @below)",
            cancellationToken,
            ("log", logId),
            ("below", below));

    /// <exception cref="ArgumentException">The id has other characters, which the key of a row would be split at.</exception>
    internal static void CheckLogId(string logId)
    {
        ArgumentException.ThrowIfNullOrEmpty(logId);
        if (logId.Length > MaxLogIdLength || !logId.All(character => char.IsAsciiLetterOrDigit(character) || character == '-'))
        {
            throw new ArgumentException(
                $"'{logId}' is no id of a log: it has letters, digits and dashes, at most {MaxLogIdLength}.", nameof(logId));
        }
    }

    private static string Place(string logId, long position) => $"position {position} of log '{logId}'";

    private async Task<AppendOutcome> ResolveAsync(string logId, long position, string appendId, int bytes, Exception cause)
    {
        ImmutableArray<StoredEntry> rows;
        try
        {
            rows = await ReadPageAsync(logId, position, 1, CancellationToken.None);
        }
        catch (Exception exception) when (exception is DbException or TimeoutException or IOException)
        {
            throw Unavailable(logId, position, exception);
        }

        if (rows.IsEmpty)
        {
            throw Unavailable(logId, position, cause);
        }

        return rows[0].Position == position && rows[0].Entry.AppendId == appendId
            ? new AppendOutcome(IsAppended: true, bytes)
            : new AppendOutcome(IsAppended: false, 0);
    }

    private LogUnavailableException Unavailable(string logId, long position, Exception cause) =>
        new($"Appending at {Place(logId, position)} got no answer from {database.DisplayName}: {cause.Message}", cause);

    private Task<ImmutableArray<StoredEntry>> QueryAsync(
        string sql, CancellationToken cancellationToken, params (string Name, object? Value)[] parameters)
    {
        return database.QueryAsync(sql, Read, cancellationToken, parameters);

        StoredEntry Read(DbDataReader row)
        {
            var position = row.GetInt64(0);
            var payload = row.GetFieldValue<byte[]>(1);
            return new StoredEntry(position, format.Read(payload, Place((string)parameters[0].Value!, position)), payload.Length);
        }
    }
}

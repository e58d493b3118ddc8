using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>The place in a list after which a page begins.</summary>
/// <param name="CreatedAt">The creation of the last row of the page before.</param>
/// <param name="Id">Its id.</param>
public sealed record ListPosition(DateTimeOffset CreatedAt, string Id);

/// <summary>A checked search for runs or threads, as a store answers it.</summary>
/// <remarks>
/// Pages follow each other by time of creation and id, which no write changes. So a walk tells every row that fits from its beginning
/// to its end exactly once.
/// </remarks>
public sealed record ListQuery
{
    private const string Version = "1";
    private const int MaxLimit = 1000;

    private ListQuery()
    {
    }

    /// <summary>Gets the names of the statuses, one of which the row has to have; empty for all.</summary>
    public ImmutableArray<string> Statuses { get; private init; }

    /// <summary>Gets the name of the graph.</summary>
    public string? Graph { get; private init; }

    /// <summary>Gets the thread's id.</summary>
    public string? ThreadId { get; private init; }

    /// <summary>Gets the metadata in its stored form.</summary>
    public string Metadata { get; private init; } = MetadataJson.Empty;

    /// <summary>Gets the lines that the row's metadata, in its stored form, has to contain.</summary>
    public ImmutableArray<string> MetadataLines { get; private init; }

    /// <summary>Gets the earliest creation, in UTC.</summary>
    public DateTimeOffset? CreatedFrom { get; private init; }

    /// <summary>Gets the time, in UTC, before which the row was created.</summary>
    public DateTimeOffset? CreatedTo { get; private init; }

    /// <summary>Gets the order.</summary>
    public SearchOrder Order { get; private init; }

    /// <summary>Gets how many rows a page has at most, 1 to 1,000.</summary>
    public int Limit { get; private init; }

    /// <summary>Gets where the page begins; <see langword="null"/> for the first page.</summary>
    public ListPosition? After { get; private init; }

    /// <summary>Checks a search for runs.</summary>
    /// <exception cref="InvalidSearchException">Something in it does not fit.</exception>
    public static ListQuery Of(RunSearch search)
    {
        ArgumentNullException.ThrowIfNull(search);
        var query = Of("runs", search.Statuses, search.Metadata, search.Order, search.Limit) with
        {
            Graph = search.Graph,
            ThreadId = search.ThreadId,
            CreatedFrom = search.CreatedFrom?.ToUniversalTime(),
            CreatedTo = search.CreatedTo?.ToUniversalTime(),
        };
        return query.From(search.Cursor);
    }

    /// <summary>Checks a search for threads.</summary>
    /// <exception cref="InvalidSearchException">Something in it does not fit.</exception>
    public static ListQuery Of(ThreadSearch search)
    {
        ArgumentNullException.ThrowIfNull(search);
        var query = Of("threads", search.Statuses, search.Metadata, search.Order, search.Limit) with
        {
            Graph = search.Graph,
            CreatedFrom = search.CreatedFrom?.ToUniversalTime(),
            CreatedTo = search.CreatedTo?.ToUniversalTime(),
        };
        return query.From(search.Cursor);
    }

    private string Kind { get; init; } = "";

    /// <summary>Cuts a page from rows of which one more was read than the page takes.</summary>
    /// <returns>The page's rows, and the cursor of the next page if there is one.</returns>
    internal (ImmutableArray<T> Rows, string? Next) Cut<T>(ImmutableArray<T> rows, Func<T, ListPosition> positionOf) =>
        rows.Length <= Limit ? (rows, null) : (rows[..Limit], ToCursor(positionOf(rows[Limit - 1])));

    private static ListQuery Of<TStatus>(string kind, IReadOnlyList<TStatus> statuses, string? metadata, SearchOrder order, int limit)
        where TStatus : struct, Enum
    {
        if (limit is < 1 or > MaxLimit)
        {
            throw new InvalidSearchException($"A page of {limit:N0} {kind} cannot be asked for. Use a limit of 1 to {MaxLimit:N0}.");
        }

        if (statuses.Any(status => !Enum.IsDefined(status)) || !Enum.IsDefined(order))
        {
            throw new InvalidSearchException(
                $"There is no such status or order of {kind}. The statuses are: "
                + $"{string.Join(", ", Enum.GetValues<TStatus>().Select(WireName.Of))}.");
        }

        var members = MetadataJson.Read(metadata, problem => new InvalidSearchException(problem));
        return new ListQuery
        {
            Kind = kind,
            Statuses = [.. statuses.Distinct().Order().Select(WireName.Of)],
            Metadata = members.Stored,
            MetadataLines = members.Lines,
            Order = order,
            Limit = limit,
        };
    }

    private ListQuery From(string? cursor)
    {
        if (cursor is null)
        {
            return this;
        }

        if (Read(cursor) is not [Version, var fingerprint, var ticks, var id]
            || !long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            || at > DateTimeOffset.MaxValue.Ticks)
        {
            throw new InvalidSearchException(
                $"'{cursor}' is no cursor. Use what the page before has told as the next one, or begin without a cursor.");
        }

        return fingerprint == Fingerprint()
            ? this with { After = new ListPosition(new DateTimeOffset(at, TimeSpan.Zero), id) }
            : throw new InvalidSearchException(
                $"The cursor '{cursor}' is of another search: only the limit may differ from page to page. Begin without a cursor.");
    }

    private string ToCursor(ListPosition position) => Base64(JsonSerializer.SerializeToUtf8Bytes(
        new[]
        {
            Version, Fingerprint(), position.CreatedAt.UtcTicks.ToString(CultureInfo.InvariantCulture), position.Id,
        }));

    private static string[]? Read(string cursor)
    {
        try
        {
            var padded = cursor.Replace('-', '+').Replace('_', '/') + new string('=', (4 - (cursor.Length % 4)) % 4);
            return JsonSerializer.Deserialize<string[]>(Convert.FromBase64String(padded));
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            return null;
        }
    }

    private static string Base64(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    /// <summary>Names everything that makes the list another one.</summary>
    private string Fingerprint() => Base64(SHA256.HashData(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(
        new { Kind, Statuses, Graph, ThreadId, Metadata, CreatedFrom, CreatedTo, Order })))[..9]);
}

using System.Net.Http.Headers;
using OrleansRuns.TestKit;

namespace OrleansRuns.Host.Tests;

/// <summary>Reads server-sent events as a browser does, and comments as well.</summary>
internal sealed class EventReader : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private EventReader(HttpResponseMessage response, Stream body) => (_response, _lines) = (response, new StreamReader(body));

    internal HttpContentHeaders Headers => _response.Content.Headers;

    internal static async Task<EventReader> OpenAsync(HttpClient client, string path, long? after = null)
    {
        var response = await AskAsync(client, path, after?.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode} of {path}");
        return new EventReader(response, await response.Content.ReadAsStreamAsync());
    }

    internal static async Task<HttpResponseMessage> AskAsync(HttpClient client, string path, string? after = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (after is not null)
        {
            request.Headers.Add(RunStreams.LastEventId, after);
        }

        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WithinAsync($"an answer to {path}");
    }

    /// <summary>Reads the next event or comment.</summary>
    /// <returns>Its fields by name, a comment's by ""; <see langword="null"/> at the end of the stream.</returns>
    internal async Task<IReadOnlyDictionary<string, string>?> NextAsync()
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await _lines.ReadLineAsync().WithinAsync("the next line of an event stream") is { } line)
        {
            if (line.Length == 0)
            {
                return fields;
            }

            var parts = line.Split(": ", 2);
            fields[parts[0]] = fields.TryGetValue(parts[0], out var before) ? $"{before}\n{parts[1]}" : parts[1];
        }

        Assert.Empty(fields);
        return null;
    }

    /// <summary>Reads the events up to one that fits, or to the end of the stream, without comments.</summary>
    internal async Task<List<ToldEvent>> ReadAsync(Func<ToldEvent, bool>? isLast = null)
    {
        var all = new List<ToldEvent>();
        while (await NextAsync() is { } fields)
        {
            if (!fields.TryGetValue("event", out var kind))
            {
                continue;
            }

            var id = fields.TryGetValue("id", out var number)
                ? long.Parse(number, System.Globalization.CultureInfo.InvariantCulture)
                : (long?)null;
            all.Add(new ToldEvent(id, kind, fields["data"]));
            if (isLast?.Invoke(all[^1]) == true)
            {
                break;
            }
        }

        return all;
    }

    public void Dispose()
    {
        _lines.Dispose();
        _response.Dispose();
    }
}

/// <summary>An event as a reader got it.</summary>
internal sealed record ToldEvent(long? Id, string Kind, string Data);

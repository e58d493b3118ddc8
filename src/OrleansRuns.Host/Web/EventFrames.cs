using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Host;

/// <summary>Writes server-sent events. Each is one write, so that a cancelled write leaves no half of one.</summary>
internal sealed class EventFrames(HttpResponse response, TimeSpan reconnectAfter)
{
    /// <summary>The last event of a stream that ends before its run: the reader is to connect again, here or elsewhere.</summary>
    internal const string Reconnect = "reconnect";

    private static readonly string[] LineBreaks = ["\r\n", "\n", "\r"];

    /// <summary>Begins the stream and tells the reader how soon to come back, whatever ends it.</summary>
    internal Task BeginAsync(CancellationToken cancellationToken)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache, no-store";
        // Proxies in front of it pass each event on at once.
        response.Headers["X-Accel-Buffering"] = "no";
        return WriteAsync(
            string.Create(CultureInfo.InvariantCulture, $"retry: {reconnectAfter.TotalMilliseconds:0}\n\n"), cancellationToken);
    }

    internal Task TellAsync(RunEvent told, CancellationToken cancellationToken)
    {
        var kind = told.Namespace.Length == 0 ? told.Kind : $"{told.Kind}|{told.Namespace}";
        return WriteAsync(
            string.Create(CultureInfo.InvariantCulture, $"event: {kind}\n{Data(told.Data)}id: {told.Number}\n\n"), cancellationToken);
    }

    internal Task BeatAsync(CancellationToken cancellationToken) => WriteAsync(": heartbeat\n\n", cancellationToken);

    /// <summary>Ends the stream. It has no id: the reader goes on behind the last event of the run that it saw.</summary>
    internal Task ReconnectAsync(string reason) => WriteAsync($"event: {Reconnect}\n{Data(reason)}\n", CancellationToken.None);

    private static string Data(string data)
    {
        var text = new StringBuilder(data.Length + 8);
        foreach (var line in data.Split(LineBreaks, StringSplitOptions.None))
        {
            text.Append("data: ").Append(line).Append('\n');
        }

        return text.ToString();
    }

    private async Task WriteAsync(string frame, CancellationToken cancellationToken)
    {
        await response.WriteAsync(frame, cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }
}

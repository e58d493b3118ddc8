using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace OrleansRuns.TestKit;

/// <summary>What a proxy does to a connection in the middle of a round trip.</summary>
public enum PostgresFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The server never gets the end of the request and so takes back what it began.</summary>
    LoseRequest,

    /// <summary>The server has answered, committed included, but the client does not hear of it.</summary>
    LoseAnswer,
}

/// <summary>
/// Stands between clients and a PostgreSQL server: counts what the clients wait for, loses a request or an answer on demand, or holds all
/// answers back.
/// </summary>
public sealed class PostgresProxy : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly EndPoint _server;
    private readonly Lock _lock = new();
    private readonly Task _accepting;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Task _answering = Task.CompletedTask;
    private PostgresFault _fault;
    private string? _at;
    private int _roundTrips;

    /// <summary>Starts a proxy.</summary>
    /// <param name="connectionString">The connection string of the server's database.</param>
    /// <param name="address">The address of this machine that clients reach it by; the default is the loopback.</param>
    public PostgresProxy(string connectionString, IPAddress? address = null)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        _server = settings.Host!.StartsWith('/')
            ? new UnixDomainSocketEndPoint($"{settings.Host}/.s.PGSQL.{settings.Port}")
            : new DnsEndPoint(settings.Host, settings.Port);
        _listener = new TcpListener(address ?? IPAddress.Loopback, 0);
        _listener.Start();
        settings.Host = (address ?? IPAddress.Loopback).ToString();
        settings.Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        settings.SslMode = SslMode.Disable;
        settings.GssEncryptionMode = GssEncryptionMode.Disable;
        ConnectionString = settings.ConnectionString;
        _accepting = AcceptAsync();
    }

    /// <summary>Gets the connection string by which clients reach the server through the proxy.</summary>
    public string ConnectionString { get; }

    /// <summary>Gets how often a client has sent something and waited for its answer.</summary>
    public int RoundTrips => Volatile.Read(ref _roundTrips);

    /// <summary>Makes the next round trip fail.</summary>
    /// <param name="fault">How.</param>
    /// <param name="at">The statement at which, for example "COMMIT"; the next one whatever it is when left out.</param>
    public void FailNext(PostgresFault fault, string? at = null)
    {
        lock (_lock)
        {
            (_fault, _at) = (fault, at);
        }
    }

    /// <summary>Lets no client have an answer any more, as a server that stands still: connections stay, new ones hang as well.</summary>
    public void FallSilent() => _answering = _ended.Task;

    /// <summary>Cuts every connection and accepts no more.</summary>
    public async ValueTask DisposeAsync()
    {
        _ended.TrySetResult();
        _listener.Stop();
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        await _accepting.WithinAsync("the proxy's end");
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync();
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }

            // Small messages must not wait to be sent together: that would make every round trip last.
            client.NoDelay = true;
            _sockets.Add(client);
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        var family = _server is UnixDomainSocketEndPoint ? AddressFamily.Unix : AddressFamily.InterNetwork;
        var server = new Socket(family, SocketType.Stream, ProtocolType.Unspecified);
        _sockets.Add(server);
        try
        {
            await server.ConnectAsync(_server);
            if (family == AddressFamily.InterNetwork)
            {
                server.NoDelay = true;
            }

            var link = new Link(new NetworkStream(client), new NetworkStream(server));
            // Whichever ends first, by the end of its stream or by a fault, ends both.
            await Task.WhenAny(SendAsync(link), AnswerAsync(link));
        }
        catch (SocketException)
        {
            // The client learns it from the end of its own connection.
            client.Dispose();
        }
        finally
        {
            client.Dispose();
            server.Dispose();
        }
    }

    private async Task SendAsync(Link link)
    {
        await link.Server.WriteAsync(await ReadAsync(link.Client, hasType: false));
        while (true)
        {
            var message = await ReadAsync(link.Client, hasType: true);
            var fault = Look(link, message);
            if (fault == PostgresFault.LoseRequest)
            {
                return;
            }

            link.LosesAnswer |= fault == PostgresFault.LoseAnswer;
            await link.Server.WriteAsync(message);
        }
    }

    private async Task AnswerAsync(Link link)
    {
        while (true)
        {
            var message = await ReadAsync(link.Server, hasType: true);
            await _answering;
            var isLast = message[0] == 'Z' && Interlocked.Decrement(ref link.Owed) == 0;
            if (!link.LosesAnswer)
            {
                await link.Client.WriteAsync(message);
            }
            else if (isLast)
            {
                return;
            }
        }
    }

    /// <summary>Counts a message that asks for an answer, and tells what is to go wrong with it.</summary>
    private PostgresFault Look(Link link, byte[] message)
    {
        // 'S' ends what the extended protocol sends, 'Q' is a statement of the simple one. The client sends some of the latter (the
        // reset of a pooled connection, BEGIN) in front of the next statement and waits for both at once.
        var statement = message[0] switch { (byte)'Q' => Encoding.UTF8.GetString(message, 5, message.Length - 6), _ => "" };
        if (message[0] is not ((byte)'S' or (byte)'Q'))
        {
            return PostgresFault.None;
        }

        Interlocked.Increment(ref link.Owed);
        if (message[0] == 'Q' && statement is not ("COMMIT" or "ROLLBACK"))
        {
            return PostgresFault.None;
        }

        Interlocked.Increment(ref _roundTrips);
        lock (_lock)
        {
            if (_at is not null && _at != statement)
            {
                return PostgresFault.None;
            }

            (var fault, _fault, _at) = (_fault, PostgresFault.None, null);
            return fault;
        }
    }

    private static async Task<byte[]> ReadAsync(NetworkStream stream, bool hasType)
    {
        var header = new byte[hasType ? 5 : 4];
        await stream.ReadExactlyAsync(header);
        var length = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(header.Length - 4)) - 4;
        var message = new byte[header.Length + length];
        header.CopyTo(message, 0);
        await stream.ReadExactlyAsync(message.AsMemory(header.Length));
        return message;
    }

    private sealed class Link(NetworkStream client, NetworkStream server)
    {
        /// <summary>How many answers the server owes; the first one is that to the greeting.</summary>
        internal int Owed = 1;

        internal volatile bool LosesAnswer;

        internal NetworkStream Client => client;

        internal NetworkStream Server => server;
    }
}

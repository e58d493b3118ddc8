using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using OrleansRuns.TestKit;

namespace OrleansRuns.AdoNet.Tests;

/// <summary>A silo that starts while its server is away.</summary>
public sealed class PostgresStartTests : IAsyncLifetime, ILogger<PostgresDatabase>
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _told = [];
    private PostgresTestDatabase? _server;
    private PostgresProxy? _proxy;

    public async Task InitializeAsync()
    {
        _server = await PostgresTestDatabase.CreateAsync();
        _proxy = new PostgresProxy(_server.ConnectionString);
    }

    public async Task DisposeAsync()
    {
        await _proxy!.DisposeAsync();
        await _server!.DisposeAsync();
    }

    [Fact]
    public async Task OpenAsync_ServerComesBack_GoesOn()
    {
        _proxy!.FailNext(PostgresFault.LoseRequest);
        await using var database = Create(TimeSpan.FromMinutes(10));

        await PassAsync(database.OpenAsync(CancellationToken.None));

        Assert.Contains("cannot be reached: ", Assert.Single(_told), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenAsync_ServerStaysAway_GivesUpInTime()
    {
        await _proxy!.DisposeAsync();
        await using var database = Create(TimeSpan.FromSeconds(10));

        var exception = await Assert.ThrowsAsync<OrleansConfigurationException>(
            () => PassAsync(database.OpenAsync(CancellationToken.None)));

        Assert.Contains("cannot be opened. ", exception.Message, StringComparison.Ordinal);
        Assert.InRange(_told.Count, 1, 9);
    }

    [Fact]
    public async Task OpenAsync_NoTimeToWait_TellsAtOnce()
    {
        await _proxy!.DisposeAsync();
        await using var database = Create(TimeSpan.Zero);

        await Assert.ThrowsAsync<OrleansConfigurationException>(() => database.OpenAsync(CancellationToken.None));

        Assert.Empty(_told);
    }

    [Fact]
    public async Task OpenAsync_DatabaseThatIsNotThere_IsNotWaitedFor()
    {
        var elsewhere = new NpgsqlConnectionStringBuilder(_server!.ConnectionString) { Database = "no_such_database" };
        await using var database = Create(TimeSpan.FromMinutes(10), elsewhere.ConnectionString);

        await Assert.ThrowsAsync<OrleansConfigurationException>(() => database.OpenAsync(CancellationToken.None));

        Assert.Empty(_told);
    }

    [Fact]
    public async Task OpenAsync_CancelledWhileItWaits_Ends()
    {
        await _proxy!.DisposeAsync();
        await using var database = Create(TimeSpan.FromMinutes(10));
        using var stop = new CancellationTokenSource();
        var opening = database.OpenAsync(stop.Token);

        await Eventually.TrueAsync(() => Task.FromResult(_told.Count > 0), "the silo to miss its server");
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening.WithinAsync("the end of the wait"));
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _told.Add(formatter(state, exception));

    private PostgresDatabase Create(TimeSpan timeout, string? connectionString = null) => new(
        new PostgresRunsOptions { ConnectionString = connectionString ?? _proxy!.ConnectionString, StartTimeout = timeout },
        _time,
        this);

    /// <summary>Lets time pass until something has ended.</summary>
    private async Task PassAsync(Task task)
    {
        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(task.IsCompleted);
            },
            "the database to be opened, or given up");
        await task;
    }
}

using System.Data.Common;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansRuns.AdoNet;
using OrleansRuns.Runtime;

namespace OrleansRuns.TestKit;

/// <summary>Says in a silo's log in which order it stops: its stages, what it still writes, and when its database is closed.</summary>
/// <remarks>It logs by the silo's own logger, whose queue keeps the order with what the silo itself logs.</remarks>
public sealed partial class StopLog : ILifecycleParticipant<ISiloLifecycle>
{
    private readonly ILogger _logger;
    private volatile bool _isStopping;
    private volatile bool _isClosed;

    /// <summary>Makes the log of a silo.</summary>
    public StopLog(IHostApplicationLifetime lifetime, ILogger<StopLog> logger)
    {
        ArgumentNullException.ThrowIfNull(lifetime);
        _logger = logger;
        lifetime.ApplicationStopping.Register(() => _isStopping = true);
    }

    /// <summary>Makes a silo say it.</summary>
    /// <param name="silo">The silo, whose database is chosen.</param>
    public static void AddTo(ISiloBuilder silo)
    {
        ArgumentNullException.ThrowIfNull(silo);
        silo.Services.AddSingleton<StopLog>();
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(services => services.GetRequiredService<StopLog>());
        RunStore.Decorate<IDatabase>(
            silo.Services, (services, database) => new LoggedDatabase(database, services.GetRequiredService<StopLog>()));
        RunStore.Decorate<IThreadLogStore>(silo.Services, (services, log) => new HookedThreadLogStore(log, Hooks(services)));
        RunStore.Decorate<IRunCatalog>(silo.Services, (services, catalog) => new HookedRunCatalog(catalog, Hooks(services)));
        RunStore.Decorate<IDrainReports>(silo.Services, (services, reports) => new HookedDrainReports(reports, Hooks(services)));
    }

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
    {
        ArgumentNullException.ThrowIfNull(lifecycle);
        // At the first stages that take away what a last write needs.
        Subscribe("the deactivation of grains", ServiceLifecycleStage.GrainDeactivation);
        Subscribe("the closing of storage", ServiceLifecycleStage.ApplicationServices);

        void Subscribe(string name, int stage) => lifecycle.Subscribe(nameof(StopLog), stage, _ => Task.CompletedTask, _ =>
        {
            Say($"{name} begins");
            return Task.CompletedTask;
        });
    }

    private static StoreHooks Hooks(IServiceProvider services)
    {
        var log = services.GetRequiredService<StopLog>();
        return new StoreHooks { After = log.WriteEnded };
    }

    private Task WriteEnded(string call)
    {
        if (!call.StartsWith("Find", StringComparison.Ordinal)
            && !call.StartsWith("List", StringComparison.Ordinal)
            && !call.StartsWith("Read", StringComparison.Ordinal))
        {
            Say($"{call} is written");
        }

        return Task.CompletedTask;
    }

    private void WriteBegins()
    {
        if (_isClosed)
        {
            Say("something is written too late");
        }
    }

    private void Close(string what)
    {
        _isClosed = true;
        Say(what);
    }

    private void Say(string what)
    {
        if (_isStopping)
        {
            LogStop(_logger, what);
        }
    }

    [LoggerMessage(LogLevel.Information, "Stop: {What}.")]
    private static partial void LogStop(ILogger logger, string what);

    private sealed class LoggedDatabase(IDatabase inner, StopLog log) : IDatabase
    {
        public DbDataSource Source => inner.Source;

        public string ScriptFolder => inner.ScriptFolder;

        public string DisplayName => inner.DisplayName;

        public bool HasClock => inner.HasClock;

        public Task<T> WriteAsync<T>(Func<Task<T>> work)
        {
            log.WriteBegins();
            return inner.WriteAsync(work);
        }

        public Task<T> ReadAsync<T>(Func<Task<T>> work) => inner.ReadAsync(work);

        public Task<DbTransaction> LockSchemaAsync(DbConnection connection, CancellationToken cancellationToken) =>
            inner.LockSchemaAsync(connection, cancellationToken);

        public Task OpenAsync(CancellationToken cancellationToken) => inner.OpenAsync(cancellationToken);

        public Task AbandonAsync() => inner.AbandonAsync();

        public Task CloseAsync()
        {
            log.Close("the database is given back");
            return inner.CloseAsync();
        }

        public ValueTask DisposeAsync()
        {
            log.Close("the database is closed");
            return inner.DisposeAsync();
        }
    }
}

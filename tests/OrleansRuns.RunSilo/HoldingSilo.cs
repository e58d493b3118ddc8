using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Npgsql;
using Orleans.Configuration;
using OrleansRuns.TestKit;

namespace OrleansRuns.RunSilo;

/// <summary>
/// A silo on PostgreSQL whose orders stand still behind their charge, done but not yet in a checkpoint, until the line "go" comes.
/// </summary>
/// <remarks>
/// It stops when its input is closed, and not when it is declared dead: only the database keeps it from what is not its any more.
/// </remarks>
internal static class HoldingSilo
{
    private const string Cluster = "orleansruns";

    internal static async Task ServeAsync(string connectionString)
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // Not where the role's name leads to: to a schema that the silo creates.
        await using var effects = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(connectionString) { SearchPath = "public" });
        await CreateTableAsync(effects);
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.AddFilter(null, LogLevel.Critical).AddFilter("OrleansRuns", LogLevel.Warning)
            .AddFilter("OrleansRuns.Runtime.SiloDrain", LogLevel.Information)
            .AddFilter(typeof(StopLog).FullName, LogLevel.Information);
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (Cluster, Cluster));
            silo.ConfigureEndpoints(IPAddress.Loopback, Ports.Free(), Ports.Free());
            silo.UseOrleansRunsPostgres(options => options.ConnectionString = connectionString);
            silo.AddOrleansRuns(runs => runs.AddGraph("order", new HeldOrderGraph(effects, go.Task)));
            silo.Services.AddSingleton<IFatalErrorHandler, LingeringSilo>();
            StopLog.AddTo(silo);
        });
        using var host = builder.Build();
        await host.StartAsync();
        Console.WriteLine($"Silo {host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress} takes part in the cluster.");
        _ = Task.Run(() => ListenAsync(go, host.Services.GetRequiredService<IHostApplicationLifetime>()));
        await host.WaitForShutdownAsync();
    }

    private static async Task ListenAsync(TaskCompletionSource go, IHostApplicationLifetime lifetime)
    {
        while (await Console.In.ReadLineAsync() is { } line)
        {
            if (line == "go")
            {
                go.TrySetResult();
            }
        }

        lifetime.StopApplication();
    }

    private static async Task CreateTableAsync(NpgsqlDataSource effects)
    {
        // Of several silos that create it in the same moment PostgreSQL refuses all but one; the lock lets them in one by one.
        await using var command = effects.CreateCommand(
            "select pg_advisory_xact_lock(1); create table if not exists order_effects "
            + "(idempotency_key text primary key, order_id text not null, kind text not null, created_at text not null)");
        await command.ExecuteNonQueryAsync();
    }

    private sealed class LingeringSilo : IFatalErrorHandler
    {
        public bool IsUnexpected(Exception exception) => true;

        public void OnFatalException(object? sender, string? context, Exception? exception) =>
            Console.Error.WriteLine($"The silo goes on as if nothing had happened: {context} {exception}");
    }
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Host;

/// <summary>What the commands about silos have in common: they ask the cluster itself.</summary>
internal static class SiloClient
{
    internal static readonly Argument<string> Silo = new("silo")
    {
        Description = "The silo, as 'silos' names it; the part after '@' may be left out.",
    };

    /// <summary>Asks the cluster on the database that the command line names.</summary>
    /// <exception cref="UsageException">It names a file, or no silo can be reached.</exception>
    internal static async Task<T> AskAsync<T>(ParseResult parsed, Func<IRunsClient, Task<T>> ask, CancellationToken cancellationToken)
    {
        var database = RunsDatabase.Of(parsed);
        if (database.ConnectionString is not { } connectionString)
        {
            throw new UsageException(
                "A file has one silo, which is the program that uses it: stop that instead. For silos on PostgreSQL, name their database "
                + "with --postgres.");
        }

        using var host = ClusterSilo.BuildClient(connectionString, LogLevel.Error);
        await ConnectAsync(host, database, cancellationToken);
        try
        {
            return await ask(host.Services.GetRequiredService<IRunsClient>());
        }
        finally
        {
            await host.StopAsync(CancellationToken.None);
        }
    }

    /// <summary>Starts a client of the cluster on a PostgreSQL database.</summary>
    /// <exception cref="UsageException">The database cannot be opened, or no silo can be reached.</exception>
    internal static async Task ConnectAsync(IHost client, RunsDatabase database, CancellationToken cancellationToken)
    {
        // A client tries to reach a silo for ever.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(client.Services.GetRequiredService<IOptions<ClientOptions>>().Value.ConnectTimeout);
        try
        {
            await client.StartAsync(patience.Token);
        }
        catch (NpgsqlException exception) when (exception.SqlState != PostgresErrorCodes.UndefinedTable)
        {
            throw new UsageException(
                $"{database.DisplayName} cannot be opened. Check the connection string, and whether the server runs: {exception.Message}");
        }
        catch (Exception exception) when (
            // A database without the tables is one that no silo has ever served.
            exception is SiloUnavailableException or NpgsqlException
            || (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested))
        {
            throw new UsageException(
                $"No silo serves {database.DisplayName}, or none can be reached from here. Start one with "
                + $"'{CommandText.Program} {database.Option}'.");
        }
    }

    /// <summary>Prints silos, one a line.</summary>
    internal static void Print(ParseResult parsed, IEnumerable<SiloSnapshot> silos)
    {
        foreach (var silo in silos)
        {
            Console.WriteLine(parsed.GetValue(CommandLine.Json) ? ToJson(silo) : ToText(silo));
        }
    }

    internal static string ToText(SiloSnapshot silo)
    {
        var service = silo switch
        {
            { IsDraining: true } => "draining",
            { IsCordoned: true } => "cordoned",
            _ => "in service",
        };
        var forecast = silo.Forecast is { } one
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"if stopped now: {one.Runs} {(one.Runs == 1 ? "run" : "runs")}, about {one.Duration.TotalSeconds:0.0} s")
            : "does not tell";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{silo.Silo,-32}  {WireName.Of(silo.Condition),-8}  since {silo.Since:yyyy-MM-dd HH:mm:ss}  {service,-10}  {forecast}");
    }

    private static string ToJson(SiloSnapshot silo) => JsonSerializer.Serialize(
        new
        {
            silo = silo.Silo,
            condition = WireName.Of(silo.Condition),
            since = silo.Since,
            cordoned = silo.IsCordoned,
            draining = silo.IsDraining,
            activeRuns = silo.Forecast?.Runs,
            forecastSeconds = silo.Forecast?.Duration.TotalSeconds,
        },
        StateText.Json);
}

using System.Collections.Immutable;
using System.Data.Common;
using System.Globalization;
using System.Text.RegularExpressions;

namespace OrleansRuns.AdoNet;

/// <summary>Brings a database to this program's schema: numbered scripts, each applied once, under a lock.</summary>
internal sealed class SchemaMigrator(IDatabase database, TimeProvider time)
{
    /// <summary>
    /// How long a script may take, and how long other silos wait for the one that applies it. On a large table it takes longer than a
    /// statement of a run; one that is given up is rolled back, and would be given up at every start.
    /// </summary>
    internal static readonly TimeSpan Timeout = TimeSpan.FromMinutes(10);

    /// <summary>Gets the scripts, by version.</summary>
    internal ImmutableArray<SchemaScript> Scripts { get; init; } = SchemaScript.Load(database.ScriptFolder);

    /// <summary>Applies what is missing. Of several silos that start at once, one applies and the others find it done.</summary>
    /// <exception cref="OrleansConfigurationException">
    /// The database has a newer schema that this program may not read, or what it holds is in the way of a script.
    /// </exception>
    internal Task ApplyAsync(CancellationToken cancellationToken) => database.WriteAsync(async () =>
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await database.LockSchemaAsync(connection, cancellationToken);
        await connection.ExecuteAsync(
            "create table if not exists schema_versions "
            + "(version integer primary key, oldest_reader integer not null, applied_at text not null)");
        var applied = await ReadAppliedAsync(connection);
        Check(applied);
        var done = applied.Select(row => row.Version).ToHashSet();
        foreach (var script in Scripts.Where(script => !done.Contains(script.Version)))
        {
            await ApplyAsync(connection, script, cancellationToken);
            await connection.ExecuteAsync(
                "insert into schema_versions (version, oldest_reader, applied_at) values (@version, @oldest, @at)",
                ("version", script.Version),
                ("oldest", script.OldestReader),
                ("at", time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture)));
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    });

    /// <summary>Checks that the database may be read, without changing it.</summary>
    /// <exception cref="OrleansConfigurationException">It has no schema, or a newer one that this program may not read.</exception>
    internal Task CheckAsync(CancellationToken cancellationToken) => database.ReadAsync(async connection =>
    {
        try
        {
            Check(await ReadAppliedAsync(connection));
        }
        catch (DbException exception)
        {
            throw new OrleansConfigurationException(
                $"{database.DisplayName} holds no runs: {exception.Message} Name the database of an earlier run, or run a graph first.",
                exception);
        }

        return true;
    }, cancellationToken);

    private async Task ApplyAsync(DbConnection connection, SchemaScript script, CancellationToken cancellationToken)
    {
        try
        {
            await connection.ExecuteAsync(script.Text, Timeout, cancellationToken);
        }
        catch (DbException exception) when (!exception.IsTransient)
        {
            throw new OrleansConfigurationException(
                $"{database.DisplayName} could not be brought to schema {script.Version}: {exception.Message} "
                + "It may be the database of another program: name one of its own for the runs. Nothing was changed.",
                exception);
        }
    }

    private static Task<ImmutableArray<(int Version, int OldestReader)>> ReadAppliedAsync(DbConnection connection) =>
        connection.QueryAsync(
            "select version, oldest_reader from schema_versions order by version", row => (row.GetInt32(0), row.GetInt32(1)));

    private void Check(ImmutableArray<(int Version, int OldestReader)> applied)
    {
        var known = Scripts[^1].Version;
        // Every script counts: a later one that excludes nobody does not take back what an earlier one has changed.
        var oldest = applied.Select(row => row.OldestReader).DefaultIfEmpty().Max();
        if (oldest > known)
        {
            throw new OrleansConfigurationException(
                $"{database.DisplayName} has schema {applied[^1].Version}, which programs before schema {oldest} may not use; "
                + $"this program knows schema {known}. Use a newer program, or another database. Nothing was changed.");
        }
    }
}

/// <summary>A numbered script.</summary>
/// <param name="Version">Its number, from 1.</param>
/// <param name="OldestReader">The lowest schema number of a program that may still use the database afterwards.</param>
/// <param name="Text">The statements.</param>
internal sealed partial record SchemaScript(int Version, int OldestReader, string Text)
{
    internal static ImmutableArray<SchemaScript> Load(string folder)
    {
        var assembly = typeof(SchemaScript).Assembly;
        return
        [
            .. from name in assembly.GetManifestResourceNames()
               where name.StartsWith($"sql/{folder}/", StringComparison.Ordinal)
               orderby name
               select Parse(Path.GetFileName(name), Read(name)),
        ];

        string Read(string name)
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            return reader.ReadToEnd();
        }
    }

    private static SchemaScript Parse(string name, string text)
    {
        var version = int.Parse(name.AsSpan(0, 4), CultureInfo.InvariantCulture);
        var oldest = int.Parse(OldestReaderLine().Match(text).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        return new SchemaScript(version, oldest, text);
    }

    [GeneratedRegex(@"\A-- oldest-reader: (\d+)\n")]
    private static partial Regex OldestReaderLine();
}

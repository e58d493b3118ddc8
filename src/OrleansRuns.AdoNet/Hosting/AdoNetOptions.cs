using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace OrleansRuns.AdoNet;

/// <summary>Where runs are kept in a SQLite file.</summary>
public sealed class SqliteRunsOptions
{
    /// <summary>Gets or sets the file; its folder is made when it is missing.</summary>
    /// <value>A path. The default is ".orleansruns/runs.db" below the current folder.</value>
    [Required(AllowEmptyStrings = false)]
    public string File { get; set; } = Path.Combine(".orleansruns", "runs.db");
}

/// <summary>Where runs are kept in a PostgreSQL database.</summary>
public sealed class PostgresRunsOptions
{
    /// <summary>The section of the configuration that they are read from: OrleansRuns:Postgres.</summary>
    public const string Section = "OrleansRuns:Postgres";

    /// <summary>Gets or sets the connection string. Everything is kept in the schema "orleansruns" of its database.</summary>
    [Required(AllowEmptyStrings = false)]
    public string ConnectionString { get; set; } = "";

    /// <summary>Gets or sets how many connections a silo opens at most. Work beyond that waits for its turn.</summary>
    /// <value>2 to 1,000; the default is 32. A server takes 100 unless it is told otherwise, for all silos together.</value>
    [Range(2, 1000)]
    public int MaxConnections { get; set; } = 32;

    /// <summary>Gets or sets how long a silo that starts tries to reach a server that is away, such as one that restarts.</summary>
    /// <value>0 to 10 minutes; the default is 30 seconds. A server that refuses the silo, or lacks the database, is not waited for.</value>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets how many statements a connection keeps prepared.</summary>
    /// <value>0 to 1,000; the default is 50. Use 0 behind a pooler that does not know prepared statements.</value>
    [Range(0, 1000)]
    public int MaxAutoPrepare { get; set; } = 50;

    /// <summary>Gets or sets whether a database with synchronous_commit = off is accepted, which may lose answered commits.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool AllowAsynchronousCommit { get; set; }
}

/// <summary>Limits of the thread log.</summary>
public sealed class ThreadLogOptions
{
    /// <summary>The section of the configuration that they are read from: OrleansRuns:Log.</summary>
    public const string Section = "OrleansRuns:Log";

    /// <summary>Gets or sets the largest entry: what one superstep may change, as JSON before compression.</summary>
    /// <value>1 KiB to 256 MiB in bytes; the default is 8 MiB.</value>
    [Range(1 << 10, 256 << 20)]
    public int MaxEntryBytes { get; set; } = 8 << 20;

    /// <summary>Gets or sets the largest state that is stored as a whole, as JSON before compression.</summary>
    /// <value>1 KiB to 512 MiB in bytes; the default is 256 MiB.</value>
    /// <remarks>A larger state goes on with its changes alone: it is read more slowly, and cannot be forked.</remarks>
    [Range(1 << 10, 512 << 20)]
    public int MaxStateBytes { get; set; } = 256 << 20;

    /// <summary>Gets or sets the size above which entries are compressed.</summary>
    /// <value>0 to 256 MiB in bytes; the default is 16 KiB. Smaller entries can be read with SQL as they stand.</value>
    [Range(0, 256 << 20)]
    public int CompressAboveBytes { get; set; } = 16 << 10;
}

[OptionsValidator]
internal sealed partial class SqliteRunsOptionsValidator : IValidateOptions<SqliteRunsOptions>;

[OptionsValidator]
internal sealed partial class PostgresRunsOptionsValidator : IValidateOptions<PostgresRunsOptions>;

[OptionsValidator]
internal sealed partial class ThreadLogOptionsValidator : IValidateOptions<ThreadLogOptions>;

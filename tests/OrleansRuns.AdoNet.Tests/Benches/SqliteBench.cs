using OrleansRuns.TestKit;

namespace OrleansRuns.AdoNet.Tests;

public sealed class SqliteBench : AdoBench
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleansruns-");

    public override Task<StoreHost> StartAnotherAsync(Action<ISiloBuilder>? configure = null) => StoreHost.StartAsync(silo =>
    {
        silo.UseOrleansRunsSqlite(options => options.File = Path.Combine(_folder.FullName, "runs.db"));
        configure?.Invoke(silo);
    });

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}

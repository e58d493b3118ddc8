namespace OrleansRuns.AdoNet.Tests;

/// <summary>What a store on a database promises beyond <see cref="ThreadLogContract"/>.</summary>
public abstract class AdoThreadLogContract(AdoBench bench) : ThreadLogContract(bench)
{
}

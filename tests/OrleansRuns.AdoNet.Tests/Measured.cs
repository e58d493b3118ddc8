namespace OrleansRuns.AdoNet.Tests;

/// <summary>Tests that tell figures: nothing else of this project runs beside them.</summary>
[CollectionDefinition(nameof(Measured), DisableParallelization = true)]
public sealed class Measured;

using Xunit.Abstractions;

[assembly: TestCollectionOrderer("OrleansRuns.Runtime.Tests.SilosThatFailLast", "OrleansRuns.Runtime.Tests")]

namespace OrleansRuns.Runtime.Tests;

/// <summary>The tests whose silos fail in the middle of their start. They come last, and alone.</summary>
/// <remarks>
/// Such a silo leaves a loop of Orleans' directory behind that never rests, because what it waits for is disposed: it takes a processor
/// from every test that comes after it in the same process.
/// </remarks>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SilosThatFailLast : ITestCollectionOrderer
{
    internal const string Name = "Silos that fail";

    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderBy(tests => tests.DisplayName == Name);
}

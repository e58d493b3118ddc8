namespace OrleansRuns.Runtime.Tests;

/// <summary>The services of nodes that need none.</summary>
internal sealed class EmptyServices : IServiceProvider
{
    internal static EmptyServices Instance { get; } = new();

    public object? GetService(Type serviceType) => null;
}

namespace OrleansRuns.Host;

/// <summary>A step of an order failed for a passing reason.</summary>
internal sealed class OrderOutageException(string kind) : Exception($"The service that would {kind} did not answer.");

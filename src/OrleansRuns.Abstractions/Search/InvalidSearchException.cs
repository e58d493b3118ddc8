namespace OrleansRuns.Abstractions;

/// <summary>A list was asked for with a limit, status, filter or cursor that there is not.</summary>
/// <param name="message">What was wrong and what to do.</param>
[GenerateSerializer, Alias("OrleansRuns.InvalidSearchException")]
public sealed class InvalidSearchException(string message) : RunException(message);

namespace SystemMonitor;

/// <summary>An author's own type, in a namespace that only begins like the base library's.</summary>
public sealed record SystemMonitorReading(string Sensor, double Value);

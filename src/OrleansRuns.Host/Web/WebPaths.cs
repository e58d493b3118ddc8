namespace OrleansRuns.Host;

/// <summary>What the program answers over HTTP. Probes and manifests name the same paths.</summary>
internal static class WebPaths
{
    /// <summary>Answers 200 once the silo has started.</summary>
    internal const string Startup = "/health/startup";

    /// <summary>Answers 200 while the silo answers as it should, which a cordoned one does; else 503 with the reason.</summary>
    internal const string Ready = "/health/ready";

    /// <summary>Answers 200 until the silo is declared dead.</summary>
    internal const string Live = "/health/live";

    /// <summary>Tells a run's events as they happen.</summary>
    internal const string RunStream = "/threads/{thread}/runs/{run}/stream";
}

namespace OrleansRuns.Graphs;

/// <summary>The root of what the engine throws.</summary>
public abstract class GraphException : Exception
{
    private protected GraphException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>A graph was built wrongly; the message lists every mistake that was found.</summary>
public sealed class GraphBuildException : GraphException
{
    internal GraphBuildException(string what, IReadOnlyList<string> problems)
        : base($"{what} has {problems.Count} mistake(s):{string.Concat(problems.Select(p => $"{Environment.NewLine}- {p}"))}") =>
        Problems = problems;

    /// <summary>Gets the mistakes, one sentence each.</summary>
    public IReadOnlyList<string> Problems { get; }
}

/// <summary>An input, an edit or an answer does not fit the graph. Nothing was changed.</summary>
public sealed class GraphInputException : GraphException
{
    /// <summary>Makes the exception. A graph's own mapping of its input throws it to refuse an input before anything is changed.</summary>
    /// <param name="message">What was wrong and what to do.</param>
    /// <param name="path">The JSON path to the member that does not fit, such as "$.folder".</param>
    /// <param name="inner">What found it.</param>
    public GraphInputException(string message, string? path = null, Exception? inner = null)
        : base(message, inner) => Path = path;

    /// <summary>Gets the JSON path to the member that does not fit, such as "$.folder".</summary>
    public string? Path { get; }
}

/// <summary>What a node returned cannot be stored or merged: a mistake in the graph's code.</summary>
public sealed class GraphUpdateException : GraphException
{
    internal GraphUpdateException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>A state or a merge does not do what has to hold of it; see <see cref="StateLaws"/>.</summary>
public sealed class StateLawException : GraphException
{
    internal StateLawException(string message)
        : base(message)
    {
    }
}

/// <summary>
/// One attempt of a node took longer than its <see cref="NodeOptions.Timeout"/> or <see cref="NodeOptions.IdleTimeout"/>.
/// </summary>
public sealed class NodeTimeoutException : GraphException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Which node ran out of which time.</param>
    public NodeTimeoutException(string message)
        : base(message)
    {
    }
}

/// <summary>Leaves a node that has asked a question. Never seen outside the engine.</summary>
internal sealed class GraphInterruptException : GraphException
{
    internal GraphInterruptException(string node)
        : base($"Node '{node}' waits for an answer. Let this exception pass.")
    {
    }
}

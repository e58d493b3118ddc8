using OrleansRuns.Graphs;

namespace OrleansRuns.TestKit;

/// <summary>Gates that nodes in other processes stop at: files that a test makes.</summary>
/// <param name="folder">The folder of the files.</param>
public sealed class FileGates(string folder)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    /// <summary>Lets a thread's runs pass a node, now and later.</summary>
    /// <param name="threadId">The thread.</param>
    /// <param name="node">The node.</param>
    public void Open(string threadId, string node) => File.Create(FileOf(threadId, node)).Dispose();

    /// <summary>Waits until a node may pass.</summary>
    /// <param name="node">The node.</param>
    public Task PassAsync(NodeContext node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return Eventually.TrueAsync(
            () =>
            {
                node.CancellationToken.ThrowIfCancellationRequested();
                return Task.FromResult(File.Exists(FileOf(node.ThreadId, node.Node)));
            },
            $"the gate of '{node.Node}' on thread '{node.ThreadId}' to open",
            Bound);
    }

    private string FileOf(string threadId, string node) => Path.Combine(folder, $"{threadId}.{node}");
}

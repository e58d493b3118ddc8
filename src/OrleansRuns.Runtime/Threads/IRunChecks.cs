using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Checks requests without a store: on a silo that is not started, whose store would be made by its start.</summary>
public interface IRunChecks
{
    /// <summary>Checks the first run of a thread that does not exist yet, as its admission will.</summary>
    /// <param name="threadId">The thread; <see langword="null"/> for one whose id is made up.</param>
    /// <param name="request">The request; it has an input.</param>
    /// <exception cref="GraphNotFoundException">There is no such graph here.</exception>
    /// <exception cref="InvalidRunRequestException">The request cannot be carried out.</exception>
    void CheckFirst(string? threadId, StartRunRequest request);
}

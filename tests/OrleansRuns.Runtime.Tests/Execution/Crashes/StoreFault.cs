namespace OrleansRuns.Runtime.Tests;

/// <summary>What happens at one access of the store.</summary>
internal enum FaultKind
{
    /// <summary>The process dies before the store does anything.</summary>
    DiesBefore,

    /// <summary>The process dies after the store has done it, before the answer.</summary>
    DiesAfter,

    /// <summary>The store does nothing and says that it is not available; the process goes on.</summary>
    UnavailableBefore,

    /// <summary>The store does it and its answer is lost; the process goes on.</summary>
    UnavailableAfter,
}

/// <summary>One fault, at the access of a number.</summary>
/// <param name="kind">What happens.</param>
/// <param name="at">The number of the access, from 0; -1 for never.</param>
internal sealed class StoreFault(FaultKind kind, int at)
{
    private int _accesses = -1;

    internal static StoreFault None => new(FaultKind.DiesBefore, -1);

    /// <summary>Gets how many accesses there were.</summary>
    internal int Accesses => _accesses + 1;

    /// <summary>Gets whether the fault has struck.</summary>
    internal bool HasStruck { get; private set; }

    /// <summary>Counts an access.</summary>
    /// <returns>What happens at it, if anything does.</returns>
    internal FaultKind? Next()
    {
        if (Interlocked.Increment(ref _accesses) != at)
        {
            return null;
        }

        HasStruck = true;
        return kind;
    }

    public override string ToString() => $"{kind} at access {at}";
}

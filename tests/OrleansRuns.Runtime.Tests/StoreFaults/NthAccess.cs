using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

/// <summary>What an access of the database does wrong.</summary>
public enum AccessFault
{
    /// <summary>Nothing is applied.</summary>
    Refused = 0,

    /// <summary>It is applied, and nobody is told.</summary>
    AnswerLost = 1,
}

/// <summary>Makes the Nth access of what it is put before and those behind it fail, all counted together.</summary>
/// <param name="fault">What they do wrong.</param>
/// <param name="from">The first of them, from 1; 0 for none.</param>
/// <param name="count">How many fail.</param>
/// <param name="only">The only call that counts; null for all.</param>
internal sealed class NthAccess(AccessFault fault, int from, int count, string? only = null)
{
    private int _accesses;
    private string? _hit;

    /// <summary>Gets the call that was hit first, if one was.</summary>
    internal string? Hit => _hit;

    /// <summary>Puts it between a cluster and parts of its store.</summary>
    internal void Attach(params IEnumerable<StoreHooks> parts)
    {
        foreach (var hooks in parts)
        {
            hooks.Before = call => fault == AccessFault.Refused ? Access(call) : Task.CompletedTask;
            hooks.After = call => fault == AccessFault.AnswerLost ? Access(call) : Task.CompletedTask;
        }
    }

    /// <summary>Lets all accesses succeed from now on.</summary>
    internal static void Detach(params IEnumerable<StoreHooks> parts)
    {
        foreach (var hooks in parts)
        {
            hooks.Before = hooks.After = _ => Task.CompletedTask;
        }
    }

    private Task Access(string call)
    {
        if (only is not null && call != only)
        {
            return Task.CompletedTask;
        }

        var access = Interlocked.Increment(ref _accesses);
        if (from == 0 || access < from || access >= from + count)
        {
            return Task.CompletedTask;
        }

        Interlocked.CompareExchange(ref _hit, call, null);
        return Task.FromException(new IOException("The connection was reset."));
    }
}

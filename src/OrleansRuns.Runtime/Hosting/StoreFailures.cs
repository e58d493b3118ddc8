using System.Runtime.CompilerServices;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Tells callers what is wrong with the store in a form that every client can read.</summary>
internal static class StoreFailures
{
    /// <summary>Gets what callers are told instead of a failure whose type they may not have.</summary>
    /// <returns>
    /// That the database did not answer, which clients retry, or what cannot be read without what is inside, which may be of a codec of the
    /// silo's own; <see langword="null"/> when they are told the failure itself.
    /// </returns>
    internal static Exception? Told(Exception exception) => exception switch
    {
        TimeoutException => null,
        InvalidDataException { InnerException: not null } => new InvalidDataException(exception.Message),
        _ => Persistence.IsTransient(exception) ? new RunStoreUnavailableException(exception.Message) : null,
    };

    /// <summary>Reads on, and says of a failure what it is.</summary>
    /// <remarks>Orleans answers what an enumeration throws as a value, which no filter of calls sees.</remarks>
    internal static async IAsyncEnumerable<T> ToldAsync<T>(
        IAsyncEnumerable<T> source, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var items = source.GetAsyncEnumerator(cancellationToken);
        while (await MoveNextAsync(items))
        {
            yield return items.Current;
        }
    }

    private static async ValueTask<bool> MoveNextAsync<T>(IAsyncEnumerator<T> items)
    {
        try
        {
            return await items.MoveNextAsync();
        }
        catch (Exception exception) when (Told(exception) is { } told)
        {
            throw told;
        }
    }
}

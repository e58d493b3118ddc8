using System.Runtime.CompilerServices;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Tells callers of a database that does not answer in a form that every client can read, and retries.</summary>
internal static class StoreFailures
{
    /// <summary>Tells whether callers have to be told otherwise of a failure.</summary>
    internal static bool IsUntold(Exception exception) => exception is not TimeoutException && Persistence.IsTransient(exception);

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
        catch (Exception exception) when (IsUntold(exception))
        {
            throw new RunStoreUnavailableException(exception.Message);
        }
    }
}

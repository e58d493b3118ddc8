using System.Reflection;
using Microsoft.Extensions.Logging;
using Orleans.Runtime.Placement;
using OrleansRuns.Abstractions;

namespace OrleansRuns.Runtime;

/// <summary>Passes calls that need a graph which this silo does not have to a desk on a silo that has it.</summary>
/// <remarks>
/// The graph is looked for before anything is written, so that a call can be made again elsewhere. It stays part of the thread's own
/// call: starts and edits still come one at a time.
/// </remarks>
internal partial class ThreadGrain : IIncomingGrainCallFilter
{
    private static readonly MethodInfo Boxed =
        typeof(ThreadGrain).GetMethod(nameof(BoxAsync), BindingFlags.NonPublic | BindingFlags.Static)!;

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        try
        {
            await context.Invoke();
        }
        catch (GraphNotFoundException exception) when (!IsDesk)
        {
            if (await graphSilos.ChooseToAdmitAsync(exception.Graph) is not { } there)
            {
                throw new GraphNotFoundException(exception.Graph, await graphSilos.NamesAsync());
            }

            context.Result = await PassOnAsync(context, there);
        }
    }

    private async Task<object?> PassOnAsync(IIncomingGrainCallContext context, SiloAddress there)
    {
        var key = ThreadDeskGrain.KeyOf(ThreadId, there);
        var desk = GrainFactory.GetGrain(GrainId.Create(ThreadDeskGrain.Type, key)).AsReference<IThreadGrain>();
        var arguments = Enumerable.Range(0, context.Request.GetArgumentCount()).Select(context.Request.GetArgument).ToArray();
        RequestContext.Set(IPlacementDirector.PlacementHintKey, there);
        var call = (Task)context.InterfaceMethod.Invoke(desk, arguments)!;
        RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        var answer = call.GetType().GetGenericArguments()[0];
        return await (Task<object?>)Boxed.MakeGenericMethod(answer).Invoke(null, [call])!;
    }

    private static async Task<object?> BoxAsync<T>(Task<T> call) => await call;
}

/// <summary>A thread's second place, on a silo that has its graph. The key is the thread's id and the silo.</summary>
[GrainType(Type)]
internal sealed class ThreadDeskGrain(
    IRunCatalog catalog,
    RunAdmission admission,
    RunWaker waker,
    IThreadHistory history,
    ThreadEdits edits,
    GraphSilos graphSilos,
    ThreadMetadata threadMetadata,
    ILogger<ThreadGrain> logger)
    : ThreadGrain(catalog, admission, waker, history, edits, graphSilos, threadMetadata, logger)
{
    internal const string Type = "thread-desk";

    private const char Separator = '@';

    protected override bool IsDesk => true;

    protected override string ThreadId => base.ThreadId[..base.ThreadId.IndexOf(Separator, StringComparison.Ordinal)];

    /// <summary>Gets the key of a desk. A thread's id has no '@'.</summary>
    internal static string KeyOf(string threadId, SiloAddress silo) => $"{threadId}{Separator}{silo.ToParsableString()}";
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs;

/// <summary>What to write to a thread's state from outside its nodes: an input or an edit; made by <see cref="Update"/>.</summary>
/// <typeparam name="TState">The graph's state.</typeparam>
public sealed class Update<TState>
    where TState : GraphState, new()
{
    private readonly JsonElement? _deltas;

    internal Update(JsonElement? deltas) => _deltas = deltas;

    /// <summary>Gets whether nothing is written.</summary>
    public bool IsEmpty => _deltas is null;

    /// <summary>Renders the deltas by channel, as an input or an edit takes them.</summary>
    /// <returns>A JSON object.</returns>
    public JsonObject ToJson() => _deltas is { } deltas ? JsonObject.Create(deltas)! : [];

    /// <summary>Renders the deltas as JSON text.</summary>
    public override string ToString() => ToJson().ToJsonString();
}

/// <summary>Makes updates the way a node writes: <c>state with { … }</c>.</summary>
/// <example>
/// <code>
/// var input = Update.Of&lt;DigestState&gt;(state =&gt; state with { Folder = "docs" });
/// var edit = Update.Of&lt;DigestState&gt;(snapshot.Values, state =&gt; state with { Words = state.Words + 3 });
/// </code>
/// </example>
public static class Update
{
    /// <summary>Reads off what a change writes to the state of a new thread.</summary>
    /// <typeparam name="TState">The graph's state.</typeparam>
    /// <param name="change">Returns the state it is given, changed by 'with'.</param>
    /// <returns>The update.</returns>
    /// <exception cref="GraphUpdateException">The state was not made from the given one, or cannot be stored.</exception>
    /// <exception cref="GraphBuildException">The state type has mistakes; all of them are listed.</exception>
    public static Update<TState> Of<TState>(Func<TState, TState> change)
        where TState : GraphState, new()
    {
        ArgumentNullException.ThrowIfNull(change);
        var model = StateModel<TState>.Shared;
        return Of(model, model.Initial, change);
    }

    /// <summary>Reads off what a change writes to a state that was read before.</summary>
    /// <typeparam name="TState">The graph's state.</typeparam>
    /// <param name="values">The state as JSON, one member a channel, as a snapshot holds it.</param>
    /// <param name="change">Returns the state it is given, changed by 'with'.</param>
    /// <returns>The update. Appends, totals, sets and maps add to what the thread has when it arrives; other values replace it.</returns>
    /// <exception cref="GraphInputException">The values do not fit the state; the message has the path.</exception>
    /// <exception cref="GraphUpdateException">The state was not made from the given one, or cannot be stored.</exception>
    /// <exception cref="GraphBuildException">The state type has mistakes; all of them are listed.</exception>
    public static Update<TState> Of<TState>(string values, Func<TState, TState> change)
        where TState : GraphState, new()
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(change);
        var what = $"the state {typeof(TState).Name}";
        var model = StateModel<TState>.Shared;
        return Of(model, model.FromJson(GraphJson.ParseInput(values, what), what), change);
    }

    private static Update<TState> Of<TState>(StateModel<TState> model, TState state, Func<TState, TState> change)
        where TState : GraphState, new()
    {
        var given = StateModel<TState>.Give(state);
        return new(model.Split(model.Diff(given, change(given), nameof(change), taskId: null)).Tracked);
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs;

/// <summary>A state as callers see and write it: one JSON member a channel, without those that this process alone may know.</summary>
internal sealed partial class StateModel<TState>
{
    internal JsonObject Schema => ObjectSchema(channel => channel.ValueSchema.DeepClone());

    /// <summary>Gets the schema of what a caller may write.</summary>
    internal JsonObject UpdateSchema => ObjectSchema(channel => channel.DeltaSchema);

    internal JsonObject ToJson(TState state) =>
        new(_channels.Where(channel => !channel.IsUntracked)
            .Select(channel => KeyValuePair.Create(channel.Name, JsonNode.Parse(channel.Value(state).GetRawText()))));

    /// <summary>Makes a state of its JSON, one member a channel; channels that are not named have their defaults.</summary>
    /// <exception cref="GraphInputException">It does not fit; the message has the path.</exception>
    internal TState FromJson(JsonElement values, string what)
    {
        var state = Clone(Initial);
        foreach (var (channel, value) in Members(values, what))
        {
            channel.Load(state, value, what);
        }

        return state;
    }

    /// <summary>Checks what a caller wants to write.</summary>
    /// <param name="update">Task deltas by channel.</param>
    /// <param name="what">What it is, for the message.</param>
    /// <param name="taskId">What ids follow from that are not given.</param>
    /// <returns>The update with these ids.</returns>
    /// <exception cref="GraphInputException">It does not fit; the message has the path.</exception>
    internal JsonElement CheckUpdate(JsonElement update, string what, string taskId)
    {
        var complete = new JsonObject();
        foreach (var (channel, delta) in Members(update, what))
        {
            channel.CheckInput(delta, what);
            complete[channel.Name] = JsonNode.Parse(channel.Complete(delta, taskId).GetRawText());
        }

        return JsonSerializer.SerializeToElement(complete);
    }

    /// <summary>Finds a channel in stored writes that this state does not have, or has as another kind.</summary>
    internal string? Misfit(JsonElement update, IReadOnlyDictionary<string, string>? kinds) =>
        update.EnumerateObject().Select(member => member.Name)
            .FirstOrDefault(name => !_byName.ContainsKey(name) || Misread(name, kinds) is not null);

    private IEnumerable<(Channel<TState> Channel, JsonElement Value)> Members(JsonElement values, string what)
    {
        if (values.ValueKind != JsonValueKind.Object)
        {
            throw new GraphInputException($"At '$' {what} does not fit: an object of channels is needed.", "$");
        }

        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in values.EnumerateObject())
        {
            if (!_byName.TryGetValue(member.Name, out var channel) || channel.IsUntracked)
            {
                throw new GraphInputException(
                    $"At '$.{member.Name}' {what} names an unknown channel. The channels there are: {Names}.", $"$.{member.Name}");
            }

            // By its name, and by one that it had formerly.
            if (!named.Add(channel.Name))
            {
                throw new GraphInputException($"At '$.{member.Name}' {what} names the channel '{channel.Name}' twice.", $"$.{member.Name}");
            }

            yield return (channel, member.Value);
        }
    }

    private JsonObject ObjectSchema(Func<Channel<TState>, JsonNode> schema) => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(
            _channels.Where(channel => !channel.IsUntracked)
                .Select(channel => KeyValuePair.Create<string, JsonNode?>(channel.Name, schema(channel)))),
        ["additionalProperties"] = false,
    };
}

using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansRuns.Graphs;

internal sealed class TotalRules<T> : ChannelRules<Total<T>>
    where T : struct, INumber<T>
{
    internal override string Kind => "total";

    internal override JsonElement? Diff(Total<T> given, Total<T> returned, string? taskId, string place)
    {
        if (returned.IsOverwritten)
        {
            return returned.Value == given.Value ? null : OverwriteDelta.Create(GraphJson.Serialize(returned.Value, place));
        }

        if (!returned.DescendsFrom(given))
        {
            throw new GraphUpdateException(
                $"The total of {place} was not made from the total of the given state. Add to that total, or replace it with Overwrite.");
        }

        return !T.IsZero(returned.Taken) ? Negative(GraphJson.Serialize(returned.Taken, place))
            : T.IsZero(returned.Added) ? null
            : GraphJson.Serialize(returned.Added, place);
    }

    internal override (Total<T> Value, ChannelOperation Operation) Fold(
        Total<T> before, IReadOnlyList<ChannelDelta> deltas, string channel)
    {
        var what = $"channel '{channel}'";
        T sum;
        if (deltas.Count == 1 && OverwriteDelta.TryRead(deltas[0].Value, out var overwrite))
        {
            sum = GraphJson.Read<T>(overwrite, what);
        }
        else if (deltas.Any(delta => OverwriteDelta.TryRead(delta.Value, out _)))
        {
            throw Conflict(channel, deltas, "One of them overwrites it, which must be the only write. Let one node overwrite it alone.");
        }
        else
        {
            sum = Add(before.Value, deltas, channel);
        }

        return (Total<T>.Seal(sum), new ChannelOperation(ChannelOperation.Set, GraphJson.Serialize(sum, what)));
    }

    internal override void CheckInput(JsonElement delta, string what, string path)
    {
        var value = OverwriteDelta.TryRead(delta, out var overwrite) ? overwrite
            : !Exact.IsSigned<T>() && IsNegative(delta) ? JsonElement.Parse(delta.GetRawText()[1..])
            : delta;
        GraphJson.ReadInput<T>(value, what, path);
    }

    internal override JsonNode DeltaSchema(JsonNode value)
    {
        var amount = value.DeepClone();
        if (!Exact.IsSigned<T>() && amount["maximum"] is { } most)
        {
            amount["minimum"] = JsonNode.Parse($"-{most.ToJsonString()}");
        }

        return new JsonObject { ["anyOf"] = new JsonArray(amount, OverwriteDelta.Schema(value)) };
    }

    private static JsonElement Negative(JsonElement amount) => JsonElement.Parse($"-{amount.GetRawText()}");

    private static bool IsNegative(JsonElement amount) => amount.ValueKind == JsonValueKind.Number && amount.GetRawText()[0] == '-';

    private static T Add(T before, IReadOnlyList<ChannelDelta> deltas, string channel)
    {
        var what = $"channel '{channel}'";
        try
        {
            // An amount may be negative, and a part of the sum not fit, though the type holds the whole sum.
            return typeof(T) == typeof(decimal)
                ? deltas.Aggregate(before, (sum, delta) => Exact.Sum(sum, GraphJson.Read<T>(delta.Value, what)))
                : T.CreateChecked(
                    deltas.Aggregate(BigInteger.CreateChecked(before), (sum, delta) => sum + ReadInteger(delta.Value, what)));
        }
        catch (OverflowException exception)
        {
            throw new GraphUpdateException($"The total of channel '{channel}' no longer fits a {typeof(T).Name}.", exception);
        }
    }

    private static BigInteger ReadInteger(JsonElement amount, string what) =>
        BigInteger.TryParse(amount.GetRawText(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : BigInteger.CreateChecked(GraphJson.Read<T>(amount, what));
}

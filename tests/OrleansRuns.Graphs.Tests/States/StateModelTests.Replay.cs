using System.Collections.Immutable;
using System.Text.Json;

namespace OrleansRuns.Graphs.Tests;

/// <summary>What another version of a state has stored, and this one reads.</summary>
public sealed partial class StateModelTests
{
    [Fact]
    public void Replay_UnknownChannel_IsCarriedIntoTheNextSnapshot()
    {
        var newer = JsonSerializer.SerializeToElement(new { type = "last_value", op = "set", value = 42 });
        var operations = Model.Snapshot(Model.Initial).SetItem("fromTheFuture", newer);

        var state = Model.Replay(Model.Initial, operations);
        var again = Model.Replay(Model.Initial, Model.Snapshot(state));

        Assert.Contains("42", Model.Snapshot(again)["fromTheFuture"].GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public void Replay_FormerName_ReadsTheOldOperation()
    {
        var operations = ImmutableSortedDictionary.Create<string, JsonElement>(StringComparer.Ordinal)
            .Add("headline", JsonSerializer.SerializeToElement(new { type = "last_value", op = "set", value = "old" }));

        Assert.Equal("old", Model.Replay(Model.Initial, operations).Title);
    }

    [Theory]
    [InlineData("append", "[1]")]
    [InlineData("set", "[1,1]")]
    public void Replay_ChannelWasOfAnotherKind_IsRefusedAndNamesBoth(string op, string value)
    {
        var operations = ImmutableSortedDictionary.Create<string, JsonElement>(StringComparer.Ordinal)
            .Add("tags", JsonSerializer.SerializeToElement(new { type = "append_list", op, value = JsonElement.Parse(value) }));

        var exception = Assert.Throws<GraphUpdateException>(() => Model.Replay(Model.Initial, operations));

        Assert.Contains("Channel 'tags' was stored as 'append_list' and is now 'union_set'", exception.Message, StringComparison.Ordinal);
    }
}

using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansRuns.Graphs.Tests;

/// <summary>What a newer release stores inside the values of a state comes through an older one that works on the same thread.</summary>
public sealed class UnknownMembersTests
{
    private static readonly StateModel<OlderState> Older = StateModelTests.Create<OlderState>();
    private static readonly StateModel<NewerState> Newer = StateModelTests.Create<NewerState>();

    private static readonly NewerState Stored = new()
    {
        Buyer = new NewerPerson("Ada", "gold", new NewerPlace("Paris", 75)),
        Guests = [new("Bob", "silver", new("Rome", 1)), new("Cy", "none", new("Oslo", 2))],
        Log = default(AppendList<NewerPerson>).Append(new("Di", "iron", new("Bern", 3))),
        Desks = default(MergeMap<NewerPlace>).With("north", new("Turku", 20)),
        Means = new NewerCard("4711", "2030-01"),
    };

    [Fact]
    public void Snapshot_OfAnOlderRelease_HasEveryMember()
    {
        var newer = Newer.Snapshot(Newer.Enter(Stored, "task"));

        var older = Older.Replay(Older.Initial, newer);
        var touched = Write(older, state => state with { Note = "seen" }).After;

        Assert.Equal("Ada", touched.Buyer!.Name);
        var again = Older.Snapshot(Older.Replay(Older.Initial, Older.Snapshot(touched)));
        foreach (var channel in newer.Keys.Where(name => name != "note"))
        {
            Assert.True(JsonElement.DeepEquals(newer[channel], again[channel]), $"{newer[channel]} became {again[channel]}");
        }
    }

    [Fact]
    public void Write_OfAnOlderRelease_LeavesTheOtherItemsWhole()
    {
        var older = Older.Replay(Older.Initial, Newer.Snapshot(Newer.Enter(Stored, "task")));

        var folded = Write(older, state => state with { Guests = state.Guests.Add(new OlderPerson("Ed", null)) });

        var guests = folded.Operations["guests"].GetProperty("value");
        Assert.Equal(["silver", "none"], guests.EnumerateArray().Take(2).Select(guest => guest.GetProperty("tier").GetString()));
        Assert.Equal(2, guests[1].GetProperty("home").GetProperty("zone").GetInt32());
        Assert.False(guests[2].TryGetProperty("tier", out _));
    }

    [Fact]
    public void Write_OfAnotherValue_TakesNoMemberOfTheFormerOne()
    {
        var older = Older.Replay(Older.Initial, Newer.Snapshot(Newer.Enter(Stored, "task")));

        var folded = Write(older, state => state with { Buyer = new OlderPerson("Eve", state.Buyer!.Home) });

        Assert.Equal(
            """{"name":"Eve","home":{"city":"Paris","zone":75}}""", folded.Operations["buyer"].GetProperty("value").GetRawText());
    }

    [Fact]
    public void Write_OfACopyWithExtensionData_KeepsItsMembers()
    {
        var older = Older.Replay(Older.Initial, Newer.Snapshot(Newer.Enter(Stored, "task")));

        var folded = Write(older, state => state with { Means = ((OlderCard)state.Means!) with { Number = "0815" } });

        var means = folded.Operations["means"].GetProperty("value");
        Assert.Equal("0815", means.GetProperty("number").GetString());
        Assert.Equal("2030-01", means.GetProperty("until").GetString());
    }

    private static StateFold<OlderState> Write(OlderState before, Func<OlderState, OlderState> node)
    {
        var given = StateModel<OlderState>.Give(before);
        var update = StateModel<OlderState>.Shared.Diff(given, node(given), "n", "task");
        return Older.Fold(before, [new ChannelWrite("n", "task", update)]);
    }
}

public sealed record OlderState : GraphState
{
    public string? Note { get; init; }

    public OlderPerson? Buyer { get; init; }

    public ImmutableArray<OlderPerson> Guests { get; init; } = [];

    public AppendList<OlderPerson> Log { get; init; }

    public MergeMap<OlderPlace> Desks { get; init; }

    public OlderMeans? Means { get; init; }
}

public sealed record OlderPerson(string Name, OlderPlace? Home);

public sealed record OlderPlace
{
    public string City { get; init; } = "";
}

[JsonDerivedType(typeof(OlderCard), "card")]
public abstract record OlderMeans;

public sealed record OlderCard(string Number) : OlderMeans
{
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? More { get; init; }
}

public sealed record NewerState : GraphState
{
    public string? Note { get; init; }

    public NewerPerson? Buyer { get; init; }

    public ImmutableArray<NewerPerson> Guests { get; init; } = [];

    public AppendList<NewerPerson> Log { get; init; }

    public MergeMap<NewerPlace> Desks { get; init; }

    public NewerMeans? Means { get; init; }
}

public sealed record NewerPerson(string Name, string Tier, NewerPlace? Home);

public sealed record NewerPlace(string City, int Zone);

[JsonDerivedType(typeof(NewerCard), "card")]
public abstract record NewerMeans;

public sealed record NewerCard(string Number, string Until) : NewerMeans;

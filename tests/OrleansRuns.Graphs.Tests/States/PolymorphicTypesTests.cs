using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansRuns.Graphs.Tests;

/// <summary>Values of derived types come back as what they were, and what would prevent that is told when the graph is built.</summary>
public sealed class PolymorphicTypesTests
{
    [Theory]
    [InlineData("""{"$type":"circle","radius":2}""")]
    [InlineData("""{"radius":2,"$type":"circle"}""")]
    public void Input_OfAnAbstractType_IsReadByItsName(string shape)
    {
        var model = StateModelTests.Create<ShapeState>();
        var update = JsonSerializer.Deserialize<JsonElement>($$"""{"shape":{{shape}},"face":{{shape}},"all":[{{shape}}]}""");

        var checkedUpdate = model.CheckUpdate(update, "the input", "task");
        var folded = model.Fold(model.Initial, [new ChannelWrite("n", "t", checkedUpdate)]);
        var stored = model.Replay(model.Initial, model.Snapshot(folded.After));

        Assert.Equal(new Circle(2), stored.Shape);
        Assert.Equal(new Circle(2), stored.Face);
        Assert.Equal(new Circle(2), Assert.Single(stored.All));
    }

    [Fact]
    public void Input_OfAnUnknownName_IsRefusedWithItsPlace()
    {
        var model = StateModelTests.Create<ShapeState>();
        var update = JsonSerializer.Deserialize<JsonElement>("""{"shape":{"$type":"square","side":2}}""");

        var error = Assert.Throws<GraphInputException>(() => model.CheckUpdate(update, "the input", "task"));

        Assert.StartsWith("$.shape", error.Path, StringComparison.Ordinal);
        Assert.Contains("square", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_TypesThatAValueWouldLose_AreAllTold()
    {
        var problems = new List<string>();

        Assert.Null(StateModel<LossyState>.Create(problems));

        Assert.Equal(
            [
                "'Nameless' of LossyState may be a Loud, which would be read back as a Nameless. "
                    + "Give it a name: [JsonDerivedType(typeof(Loud), \"name\")].",
                "'Nearest' of LossyState is a Nearest whose [JsonPolymorphic] has FallBackToNearestAncestor, so that a type that is not "
                    + "listed would be stored as another. Leave it out, and list each type with [JsonDerivedType].",
                "'Ignoring' of LossyState is a Ignoring whose [JsonPolymorphic] ignores names it does not know, so that a value of a newer "
                    + "release would lose its type. Leave that out.",
            ],
            problems);
    }
}

public sealed record ShapeState : GraphState
{
    public Shape? Shape { get; init; }

    public IShape? Face { get; init; }

    public ImmutableArray<Shape> All { get; init; } = [];
}

[JsonDerivedType(typeof(Circle), "circle")]
public interface IShape;

[JsonDerivedType(typeof(Circle), "circle")]
public abstract record Shape : IShape;

public sealed record Circle(int Radius) : Shape;

public sealed record LossyState : GraphState
{
    public Nameless? Nameless { get; init; }

    public Nearest? Nearest { get; init; }

    public Ignoring? Ignoring { get; init; }
}

[JsonDerivedType(typeof(Loud))]
public record Nameless;

public sealed record Loud(int Volume) : Nameless;

[JsonPolymorphic(UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FallBackToNearestAncestor)]
[JsonDerivedType(typeof(Far), "far")]
public record Nearest;

public record Far : Nearest;

[JsonPolymorphic(IgnoreUnrecognizedTypeDiscriminators = true)]
[JsonDerivedType(typeof(Known), "known")]
public record Ignoring;

public sealed record Known : Ignoring;

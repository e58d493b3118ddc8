using System.Collections.Immutable;
using System.Globalization;

namespace OrleansRuns.Graphs.Tests;

public sealed class InterruptTests
{
    [Fact]
    public async Task InvokeAsync_Asks_ReturnsTheQuestionUntilAnswered()
    {
        var graph = Asking((state, node) => state with { Text = $"{node.Interrupt<string>("name?")} {node.Interrupt<int>("age?")}" });
        var begin = graph.Begin();
        var task = begin.Tasks[0];

        var first = await graph.InvokeAsync(begin, task, TestGraph.ContextOf(begin, task));
        var second = await graph.InvokeAsync(begin, task, TestGraph.ContextOf(begin, task, answers: [TestGraph.Json("\"Ada\"")]));
        var third = await graph.InvokeAsync(
            begin, task, TestGraph.ContextOf(begin, task, answers: [TestGraph.Json("\"Ada\""), TestGraph.Json("36")]));

        Assert.Equal(["name?", "age?"], new[] { first, second }.Select(writes => writes.Interrupts.Single().Value.GetString()));
        Assert.False(first.Finished || second.Finished);
        Assert.NotEqual(first.Interrupts[0].Id, second.Interrupts[0].Id);
        Assert.Equal("Ada 36", third.Update!.Value.GetProperty("text").GetString());
    }

    [Fact]
    public async Task InvokeAsync_SwallowedInterrupt_IsStillAnInterrupt()
    {
        var swallowing = Asking((state, node) =>
        {
            try
            {
                return state with { Text = node.Interrupt<string>("name?") };
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                return state with { Text = "nobody" };
            }
        });
        var wrapping = Asking((state, node) =>
        {
            try
            {
                return state with { Text = node.Interrupt<string>("name?") };
            }
            catch (Exception exception)
            {
                throw new InvalidDataException("wrapped", exception);
            }
        });

        foreach (var graph in new[] { swallowing, wrapping })
        {
            var begin = graph.Begin();
            var writes = Assert.Single(await graph.InvokeAllAsync(begin));
            Assert.Single(writes.Interrupts);
            Assert.Null(writes.Update);
        }
    }

    [Theory]
    [InlineData("""{"value":500}""")]
    [InlineData("""{"value":5,"notes":[null]}""")]
    public async Task InvokeAsync_AnswerThatItsTypeRefuses_AsksAgain(string answer)
    {
        var graph = Asking((state, node) => state with { Text = $"{node.Interrupt<Percent>("how much?").Value}" });
        var begin = graph.Begin();
        var task = begin.Tasks[0];

        var refused = await graph.InvokeAsync(begin, task, TestGraph.ContextOf(begin, task, answers: [TestGraph.Json(answer)]));
        var taken = await graph.InvokeAsync(
            begin, task, TestGraph.ContextOf(begin, task, answers: [TestGraph.Json("""{"value":50,"notes":["n"]}""")]));

        Assert.False(refused.Finished);
        Assert.Single(refused.Interrupts);
        Assert.Equal("50", taken.Update!.Value.GetProperty("text").GetString());
    }

    [Fact]
    public async Task InvokeAsync_AnonymousQuestion_KeepsItsMembers()
    {
        var graph = Asking((state, node) => state with { Text = node.Interrupt<string>(new { Ask = "name?", Retries = 2 }) });

        var writes = Assert.Single(await graph.InvokeAllAsync(graph.Begin()));

        Assert.Equal("""{"ask":"name?","retries":2}""", writes.Interrupts[0].Value.GetRawText());
    }

    [Fact]
    public async Task InvokeAsync_Throws_LetsTheExceptionPass()
    {
        var graph = Asking((state, node) => throw new TimeZoneNotFoundException());

        await Assert.ThrowsAsync<TimeZoneNotFoundException>(() => graph.InvokeAllAsync(graph.Begin()));
    }

    [Fact]
    public async Task Apply_OneQuestion_TakesAnyAnswerThatFits()
    {
        var pending = await AskAsync<int>();

        var answered = Assert.Single(ResumeAnswers.Apply(pending, TestGraph.Json("7")));

        Assert.Equal("7", Assert.Single(answered.Writes.Answers).GetRawText());
        Assert.Empty(answered.Writes.Interrupts);
        Assert.Throws<GraphInputException>(() => ResumeAnswers.Apply(pending, TestGraph.Json("\"seven\"")));
        Assert.Throws<GraphInputException>(() => ResumeAnswers.Apply(pending, TestGraph.Json("null")));
        Assert.Throws<GraphInputException>(() => ResumeAnswers.Apply([answered], TestGraph.Json("7")));
    }

    [Fact]
    public async Task Apply_SeveralQuestions_NeedsAnswersById()
    {
        var one = (await AskAsync<int>())[0];
        var two = one with
        {
            Namespace = "child:1",
            Writes = one.Writes with
            {
                TaskId = "other",
                Interrupts = [one.Writes.Interrupts[0] with { Id = StableId.ForInterrupt("child:1", "other", 0) }],
            },
        };
        var id = two.Writes.Interrupts[0].Id;

        var ambiguous = Assert.Throws<GraphInputException>(() => ResumeAnswers.Apply([one, two], TestGraph.Json("7")));
        var answered = ResumeAnswers.Apply([one, two], TestGraph.Json($$"""{"{{id}}":7}"""));

        Assert.Contains(id, ambiguous.Message, StringComparison.Ordinal);
        Assert.Equal("child:1", Assert.Single(answered).Namespace);
        Assert.Throws<GraphInputException>(() => ResumeAnswers.Apply([one, two], TestGraph.Json($$"""{"{{new string('0', 32)}}":7}""")));
        Assert.Throws<GraphInputException>(() => ResumeAnswers.Apply([one, two], TestGraph.Json($$"""{"{{id}}":null}""")));
    }

    [Theory]
    [InlineData("""{"yes":true,"tags":["a"]}""", null)]
    [InlineData("""{"yes":1,"tags":["a"]}""", "$.yes")]
    [InlineData("""{"yes":true,"tags":["a",2]}""", "$.tags[1]")]
    [InlineData("""{"tags":[]}""", "$.yes")]
    [InlineData("[]", "$")]
    [InlineData("""{"yes":true,"tags":[],"no":false}""", "$.no")]
    public async Task Apply_AnswerOfARecord_IsCheckedWithItsPath(string answer, string? wrong)
    {
        var pending = await AskAsync<Approval>();

        var exception = Record.Exception(() => ResumeAnswers.Apply(pending, TestGraph.Json(answer)));

        Assert.Equal(wrong is null, exception is null);
        Assert.Contains($"'{wrong}'", $"{exception?.Message}''", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupt_AnswerFitsTheSchemaAndCannotBeRead_AsksAgain()
    {
        var graph = Asking((state, node) => state with { Text = node.Interrupt<byte>("How many?").ToString(CultureInfo.InvariantCulture) });
        var begin = graph.Begin();
        var context = TestGraph.ContextOf(begin, begin.Tasks[0], answers: [TestGraph.Json("1000")]);

        var writes = await graph.InvokeAsync(begin, begin.Tasks[0], context);

        Assert.False(writes.Finished);
        Assert.Single(writes.Interrupts);
        Assert.Empty(writes.Answers);
    }

    [Fact]
    public void Context_RunWithoutContext_SaysSo()
    {
        var graph = Asking((state, node) => state);
        var begin = graph.Begin();
        var context = TestGraph.ContextOf(begin, begin.Tasks[0], runContext: TestGraph.Json("""{"yes":true,"tags":[]}"""));

        Assert.True(context.Context<Approval>().Yes);
        Assert.Throws<GraphInputException>(() => TestGraph.ContextOf(begin, begin.Tasks[0]).Context<Approval>());
    }

    private static CompiledGraph Asking(Func<TestState, NodeContext, TestState> run) =>
        TestGraph.Compile(graph => graph.AddPath(Node.Start, graph.AddNode("ask", run), Node.End));

    private static async Task<PendingTask[]> AskAsync<T>()
    {
        var graph = Asking((state, node) => state with { Text = $"{node.Interrupt<T>("?")}" });
        return [new("", (await graph.InvokeAllAsync(graph.Begin()))[0])];
    }

    internal sealed record Approval
    {
        public required bool Yes { get; init; }

        public required string[] Tags { get; init; }
    }

    private sealed record Percent(int Value)
    {
        public int Value { get; init; } = Value is >= 0 and <= 100 ? Value : throw new ArgumentOutOfRangeException(nameof(Value));

        public ImmutableArray<string> Notes { get; init; } = [];
    }
}

namespace OrleansRuns.Graphs.Tests;

public sealed class SuperstepTests
{
    private static readonly SuperstepLimits Free = new() { StopStep = 100 };

    [Fact]
    public async Task Decide_NothingLeft_FinishesWhateverIsAsked()
    {
        var graph = Graph(new() { InterruptAfter = true });
        var last = await graph.StepAsync(await graph.StepAsync(graph.Begin()));

        Assert.Equal(
            SuperstepDecision.Finished,
            Decide(graph, last, new() { StopStep = 0, DrainRequested = true, InterruptAfter = ["*"], InterruptBefore = ["*"] }));
    }

    [Fact]
    public async Task Decide_DuringASuperstep_RunsItToItsFold()
    {
        var graph = Graph(new() { InterruptBefore = true });
        var begin = graph.Begin();
        var writes = (await graph.InvokeAllAsync(begin))[0];
        var all = new SuperstepLimits { StopStep = 0, DrainRequested = true };

        Assert.Equal(SuperstepDecision.Fold, Decide(graph, begin, all, writes));
        Assert.Equal(SuperstepDecision.Run, Decide(graph, begin, all, writes with { Finished = false }));
    }

    [Fact]
    public void Decide_EveryOpenTaskAsks_WaitsForAnAnswer()
    {
        var graph = TestGraph.Compile(graph =>
        {
            graph.AddPath(Node.Start, graph.AddLogger("a"), Node.End);
            graph.AddPath(Node.Start, graph.AddLogger("b"), Node.End);
        });
        var begin = graph.Begin();
        var asks = begin.Tasks.Select(task => new TaskWrites
        {
            TaskId = task.Id,
            Node = task.Node,
            Interrupts = [new() { Id = task.Id, Node = task.Node, Value = TestGraph.Json("1") }],
        }).ToList();

        Assert.Equal(SuperstepDecision.Run, Decide(graph, begin, Free, asks[0]));
        Assert.Equal(SuperstepDecision.WaitForAnswer, Decide(graph, begin, Free, [.. asks]));
        Assert.Equal(
            SuperstepDecision.WaitForAnswer, Decide(graph, begin, Free, asks[0], asks[1] with { Finished = true, Interrupts = [] }));
    }

    [Fact]
    public async Task Decide_StaticInterrupts_StopBeforeAndAfterUnlessPassed()
    {
        var before = Graph(new() { InterruptBefore = true });
        var after = Graph(new() { InterruptAfter = true });
        var second = await after.StepAsync(after.Begin());

        Assert.Equal(SuperstepDecision.StaticInterrupt, Decide(before, before.Begin(), Free));
        Assert.Equal(SuperstepDecision.Run, Decide(before, before.Begin(), Free with { PassedCheckpointId = "0" }));
        Assert.Equal(SuperstepDecision.Run, Decide(after, after.Begin(), Free));
        Assert.Equal(SuperstepDecision.StaticInterrupt, Decide(after, second, Free));
        Assert.Equal(SuperstepDecision.Run, Decide(after, after.ApplyUpdate(second, [], TestGraph.Json("{}"), "a").Commit("u"), Free));
        Assert.Equal(SuperstepDecision.StaticInterrupt, Decide(Graph(), Graph().Begin(), Free with { InterruptBefore = ["a"] }));
        Assert.Equal(SuperstepDecision.StaticInterrupt, Decide(Graph(), Graph().Begin(), Free with { InterruptBefore = ["*"] }));
        Assert.Equal(SuperstepDecision.Run, Decide(Graph(), Graph().Begin(), Free with { InterruptAfter = ["*"] }));
    }

    [Fact]
    public async Task Decide_RecursionLimitOfTwo_LetsExactlyTwoSuperstepsRun()
    {
        var graph = Graph();
        var begin = graph.Begin();
        var second = await graph.StepAsync(begin);
        var last = await graph.StepAsync(second);

        Assert.Equal(SuperstepDecision.RecursionLimit, Decide(graph, second, Limit(1)));
        Assert.Equal(SuperstepDecision.Run, Decide(graph, second, Limit(2)));
        Assert.Equal(SuperstepDecision.Finished, Decide(graph, last, Limit(2)));

        SuperstepLimits Limit(int supersteps) => new() { StopStep = begin.Step + 1 + supersteps };
    }

    [Fact]
    public void Decide_DrainBetweenSupersteps_LeavesTheTasks()
    {
        var drain = Free with { DrainRequested = true };

        Assert.Equal(SuperstepDecision.Drained, Decide(Graph(), Graph().Begin(), drain));
        Assert.Equal(SuperstepDecision.RecursionLimit, Decide(Graph(), Graph().Begin(), drain with { StopStep = 0 }));
        Assert.Equal(SuperstepDecision.StaticInterrupt, Decide(Graph(), Graph().Begin(), drain with { InterruptBefore = ["a"] }));
    }

    private static CompiledGraph Graph(NodeOptions? options = null) =>
        TestGraph.Compile(graph => graph.AddPath(Node.Start, graph.AddLogger("a", options), graph.AddLogger("b"), Node.End));

    private static SuperstepDecision Decide(
        CompiledGraph graph, Checkpoint checkpoint, SuperstepLimits limits, params TaskWrites[] writes) =>
        Superstep.Decide(graph, checkpoint, writes.ToDictionary(write => write.TaskId), limits);
}

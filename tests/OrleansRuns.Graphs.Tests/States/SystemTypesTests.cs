using SystemMonitor;

namespace OrleansRuns.Graphs.Tests;

public sealed class SystemTypesTests
{
    [Theory]
    [InlineData(typeof(Uri), true)]
    [InlineData(typeof(Dictionary<string, int>), true)]
    [InlineData(typeof(TestState), false)]
    [InlineData(typeof(SystemMonitorReading), false)]
    public void IsOfSystem_Type_GoesByItsNamespace(Type type, bool isOfSystem) => Assert.Equal(isOfSystem, type.IsOfSystem());

    [Fact]
    public void Create_NamespaceThatOnlyBeginsWithSystem_IsAnAuthorsOwn() =>
        StateModelTests.Create<StateInspectorTests.ValueState<SystemMonitorReading>>();
}

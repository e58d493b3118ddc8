using System.Reflection;

namespace OrleansRuns.Runtime.Tests;

public sealed class ContractTableTests
{
    [Fact]
    public void Table_EveryLine_IsThere() =>
        Assert.Equal(Enum.GetValues<ContractLine>(), ContractTable.Required.Keys.Order());

    [Fact]
    public void Table_EveryTrialOfEveryLine_HasATest()
    {
        var tests = typeof(ContractTableTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods())
            .Where(method => method.GetCustomAttribute<FactAttribute>() is not null);
        var proven = tests
            .SelectMany(method => method.GetCustomAttributes<ProvesAttribute>())
            .SelectMany(proof => proof.Trials.Select(trial => (proof.Line, trial)))
            .ToHashSet();

        var missing = ContractTable.Required
            .SelectMany(line => line.Value.Select(trial => (line.Key, trial)))
            .Where(wanted => !proven.Contains(wanted));

        Assert.Empty(missing);
    }
}

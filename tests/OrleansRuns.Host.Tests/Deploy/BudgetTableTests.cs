using System.Globalization;
using System.Text.RegularExpressions;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host.Tests;

/// <summary>The numbers of docs/operations.md are those of the program and of the manifests.</summary>
public sealed partial class BudgetTableTests
{
    private static readonly Dictionary<string, TimeSpan> Told = Row()
        .Matches(File.ReadAllText(Checkout.PathOf("docs", "operations.md")))
        .ToDictionary(
            row => row.Groups[1].Value.Trim('`'),
            row => TimeSpan.FromSeconds(int.Parse(row.Groups[2].Value, CultureInfo.InvariantCulture)));

    [Fact]
    public void Table_Budgets_AreThoseThatApply()
    {
        var (drain, stop) = ProgramBudgets.Read();
        var silo = Manifest.ReadBase().Single(one => one.Text("kind") == "Deployment").At("spec");
        var scaling = Manifest.ReadBase().Single(one => one.Text("kind") == "HorizontalPodAutoscaler").At("spec.behavior.scaleDown");
        var compose = Manifest.Read(File.ReadAllText(Checkout.PathOf("deploy", "compose.yaml"))).Single();

        Assert.Equal(
            new Dictionary<string, TimeSpan>
            {
                ["OrleansRuns:Drain:SuperstepGrace"] = new DrainOptions().SuperstepGrace,
                ["OrleansRuns:Runs:NodeCancellationGrace"] = new RunsOptions().NodeCancellationGrace,
                ["OrleansRuns:Drain:Timeout"] = drain,
                ["margin"] = stop - drain,
                ["HostOptions.ShutdownTimeout"] = stop,
                ["OrleansRuns:Web:CloseWithin"] = new WebOptions().CloseWithin,
                ["preStop"] = silo.Seconds("template.spec.containers.0.lifecycle.preStop.sleep.seconds"),
                ["terminationGracePeriodSeconds"] = silo.Seconds("template.spec.terminationGracePeriodSeconds"),
                ["minReadySeconds"] = silo.Seconds("minReadySeconds"),
                ["scale-down period"] = scaling.Seconds("policies.0.periodSeconds"),
                ["stop_grace_period"] = TimeSpan.FromSeconds(
                    int.Parse(compose.Text("x-silo.stop_grace_period").TrimEnd('s'), CultureInfo.InvariantCulture)),
            },
            Told);
    }

    [GeneratedRegex(@"^\| ([^|]+) \| ([0-9]+) s \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}

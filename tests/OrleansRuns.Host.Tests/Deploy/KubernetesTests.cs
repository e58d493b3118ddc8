using System.CommandLine;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansRuns.Runtime;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace OrleansRuns.Host.Tests;

/// <summary>The manifests agree with the program.</summary>
public sealed class KubernetesTests
{
    private static readonly IReadOnlyList<YamlNode> All = Manifest.ReadBase();

    private static readonly YamlNode Pod = Of("Deployment").At("spec.template.spec");

    private static readonly YamlNode Silo = Pod.Items("containers").Single();

    [Fact]
    public void Base_Files_AreAllListed() => Assert.Equal(
        Directory.EnumerateFiles(Manifest.PathOfBase()).Select(Path.GetFileName).Order(StringComparer.Ordinal),
        Manifest.Read(File.ReadAllText(Manifest.PathOfBase("kustomization.yaml"))).Single().Items("resources")
            .Select(name => name.ToString()).Append("kustomization.yaml").Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("apiVersion: v1\nkind: Service\nkind: Service\n")]
    [InlineData("apiVersion: v1\nkind: Secret\n")]
    [InlineData("apiVersion: v2\nkind: Service\n")]
    [InlineData("apiVersion: apps/v1\nkind: Deployment\nspec:\n  minReadySecond: 1\n")]
    [InlineData("apiVersion: apps/v1\nkind: Deployment\nspec:\n  minReadySeconds: soon\n")]
    [InlineData("apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      volumeMounts: []\n")]
    [InlineData("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresource: []\n")]
    [InlineData("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n")]
    public void Manifest_SomethingUnknown_IsRefused(string text) =>
        Assert.True(Record.Exception(() => Manifest.ReadKubernetes(text)) is YamlException or InvalidDataException);

    [Fact]
    public void Budgets_OfThePodAndTheProgram_LeaveTimeForTheNext()
    {
        var (drain, stop) = ProgramBudgets.Read();
        var preStop = Silo.Seconds("lifecycle.preStop.sleep.seconds");
        var grace = Pod.Seconds("terminationGracePeriodSeconds");

        Assert.True(drain < stop, $"The drain takes {drain} of {stop}.");
        Assert.True(preStop + stop < grace, $"{preStop} and {stop} do not fit into {grace}.");
    }

    [Fact]
    public void Autoscaler_MeasuresWhatThePodAsksFor()
    {
        var metric = Assert.Single(Of("HorizontalPodAutoscaler").Items("spec.metrics")).At("resource");

        Assert.Equal("Utilization", metric.Text("target.type"));
        // Without a request there is nothing that it could be a part of.
        Assert.NotEmpty(Silo.Text($"resources.requests.{metric.Text("name")}"));
    }

    [Fact]
    public void Silos_LeaveForWhateverReason_OneAfterTheOther()
    {
        var grace = Pod.Seconds("terminationGracePeriodSeconds");
        var rollout = Of("Deployment").At("spec");
        var down = Of("HorizontalPodAutoscaler").At("spec.behavior.scaleDown");
        var policy = Assert.Single(down.Items("policies"));

        Assert.Equal((0, 1), (rollout.Number("strategy.rollingUpdate.maxUnavailable"), rollout.Number("strategy.rollingUpdate.maxSurge")));
        Assert.True(rollout.Seconds("minReadySeconds") >= grace);
        Assert.Equal(("Pods", 1), (policy.Text("type"), policy.Number("value")));
        Assert.True(policy.Seconds("periodSeconds") > grace);
        Assert.True(down.Seconds("stabilizationWindowSeconds") >= policy.Seconds("periodSeconds"));
        Assert.Equal(1, Of("PodDisruptionBudget").Number("spec.maxUnavailable"));
        Assert.True(Of("HorizontalPodAutoscaler").Number("spec.minReplicas") > 1);
    }

    [Theory]
    [InlineData("startupProbe", WebPaths.Startup)]
    [InlineData("readinessProbe", WebPaths.Ready)]
    [InlineData("livenessProbe", WebPaths.Live)]
    public void Probe_Path_IsTheProgramsOwn(string probe, string path)
    {
        Assert.Equal(path, Silo.Text($"{probe}.httpGet.path"));
        Assert.Equal("http", Silo.Text($"{probe}.httpGet.port"));
    }

    [Fact]
    public void Arguments_WithTheAddressOfThePod_AreUnderstood()
    {
        var address = Silo.Items("env").Single(one => one.Text("name") == "POD_IP").Text("valueFrom.fieldRef.fieldPath");
        var arguments = Silo.Items("args").Select(one => one.ToString().Replace("$(POD_IP)", "10.1.2.3", StringComparison.Ordinal));

        var parsed = CommandLine.Parse([.. arguments]);

        Assert.Equal("status.podIP", address);
        Assert.Empty(parsed.Errors);
        Assert.Equal(IPAddress.Parse("10.1.2.3"), parsed.GetValue(ServeCommand.Address));
        Assert.Equal(Port("http"), parsed.GetValue(ServeCommand.Http)!.Port);
        Assert.Equal(IPAddress.Any, parsed.GetValue(ServeCommand.Http)!.Address);
        Assert.Equal(Port("silo"), parsed.GetValue(ServeCommand.SiloPort));
        Assert.Equal(Port("gateway"), parsed.GetValue(ServeCommand.GatewayPort));
        Assert.Contains(Silo.Items("env"), one => one.Text("name") == RunsDatabase.Variable);
    }

    [Fact]
    public void Environment_OfThePod_NamesThePodWhoseCostTheSiloWrites()
    {
        // As the program reads it: two underscores stand for a colon.
        var told = Silo.Items("env").ToDictionary(one => one.Text("name").Replace("__", ":", StringComparison.Ordinal));

        Assert.Equal(
            ["metadata.name", "metadata.namespace"],
            ((string[])[nameof(PodOptions.Name), nameof(PodOptions.Namespace)])
            .Select(option => told[$"{PodOptions.Section}:{option}"].Text("valueFrom.fieldRef.fieldPath")));
    }

    [Fact]
    public void Ports_OfServiceAndPolicy_AreNamedByThePod()
    {
        string[] named =
        [
            Of("Service").Text("spec.ports.0.targetPort"),
            .. Of("NetworkPolicy").Items("spec.ingress").SelectMany(rule => rule.Items("ports")).Select(port => port.Text("port")),
        ];

        Assert.All(named, name => Assert.True(Port(name) > 0));
        Assert.Equal(["gateway", "http", "silo"], named.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Selectors_OfEveryManifest_FindThePod()
    {
        var labels = Of("Deployment").Text("spec.template.metadata.labels");
        string[] selected =
        [
            Of("Deployment").Text("spec.selector.matchLabels"),
            Of("Service").Text("spec.selector"),
            Of("NetworkPolicy").Text("spec.podSelector.matchLabels"),
            Of("PodDisruptionBudget").Text("spec.selector.matchLabels"),
            Pod.Text("topologySpreadConstraints.0.labelSelector.matchLabels"),
        ];

        Assert.All(selected, one => Assert.Equal(labels, one));
        Assert.Equal(Of("Deployment").Text("metadata.name"), Of("HorizontalPodAutoscaler").Text("spec.scaleTargetRef.name"));
        Assert.Equal(Of("ServiceAccount").Text("metadata.name"), Pod.Text("serviceAccountName"));
    }

    [Fact]
    public void Pod_Rights_AreTheLeast()
    {
        Assert.Equal("false", Of("ServiceAccount").Text("automountServiceAccountToken"));
        Assert.Equal("true", Pod.Text("automountServiceAccountToken"));
        var rule = Assert.Single(Of("Role").Items("rules"));
        Assert.Equal(["pods", "patch"], rule.Items("resources").Concat(rule.Items("verbs")).Select(one => one.ToString()));
        Assert.Equal(Of("Role").Text("metadata.name"), Of("RoleBinding").Text("roleRef.name"));
        Assert.Equal(Pod.Text("serviceAccountName"), Assert.Single(Of("RoleBinding").Items("subjects")).Text("name"));
        Assert.Equal("true", Pod.Text("securityContext.runAsNonRoot"));
        Assert.NotEqual(0, Pod.Number("securityContext.runAsUser"));
        Assert.Equal("RuntimeDefault", Pod.Text("securityContext.seccompProfile.type"));
        Assert.Equal("false", Silo.Text("securityContext.allowPrivilegeEscalation"));
        Assert.Equal("true", Silo.Text("securityContext.readOnlyRootFilesystem"));
        Assert.Equal(["ALL"], Silo.Items("securityContext.capabilities.drop").Select(one => one.ToString()));
    }

    private static YamlNode Of(string kind) => All.Single(document => document.Text("kind") == kind);

    private static int Port(string name) => Silo.Items("ports").Single(port => port.Text("name") == name).Number("containerPort");
}

/// <summary>What the program takes at most to stop, as it is composed.</summary>
internal static class ProgramBudgets
{
    internal static (TimeSpan Drain, TimeSpan Stop) Read()
    {
        using var port = WebPort.Take(new IPEndPoint(IPAddress.Loopback, 0));
        using var program = (IDisposable)WebProgram.Build(
            port, LogLevel.Critical, builder => EmbeddedSilo.AddTo(builder, new FileInfo("never-opened.db")));
        var services = ((IHost)program).Services;
        return (
            services.GetRequiredService<IOptions<DrainOptions>>().Value.Timeout,
            services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout);
    }
}

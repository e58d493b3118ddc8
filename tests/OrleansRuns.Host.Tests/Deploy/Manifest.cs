using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace OrleansRuns.Host.Tests;

/// <summary>A manifest of deploy, read strictly.</summary>
internal static class Manifest
{
    /// <summary>The kinds there may be. A right in the whole cluster is none of them.</summary>
    private static readonly Dictionary<string, string> Kinds = new(StringComparer.Ordinal)
    {
        ["Deployment"] = "apps/v1",
        ["Service"] = "v1",
        ["ServiceAccount"] = "v1",
        ["Role"] = "rbac.authorization.k8s.io/v1",
        ["RoleBinding"] = "rbac.authorization.k8s.io/v1",
        ["NetworkPolicy"] = "networking.k8s.io/v1",
        ["PodDisruptionBudget"] = "policy/v1",
        ["HorizontalPodAutoscaler"] = "autoscaling/v2",
        ["Kustomization"] = "kustomize.config.k8s.io/v1beta1",
    };

    /// <summary>The members whose own members are names that somebody chose.</summary>
    private static readonly HashSet<string> Chosen = ["labels", "matchLabels", "requests", "limits"];

    private static readonly HashSet<string> Members =
    [
        .. """
           apiVersion kind metadata name labels spec selector matchLabels template resources images newTag
           strategy type rollingUpdate maxUnavailable maxSurge minReadySeconds serviceAccountName automountServiceAccountToken
           terminationGracePeriodSeconds securityContext runAsNonRoot runAsUser runAsGroup seccompProfile allowPrivilegeEscalation
           readOnlyRootFilesystem capabilities drop topologySpreadConstraints maxSkew topologyKey whenUnsatisfiable labelSelector
           containers image args env value valueFrom fieldRef fieldPath secretKeyRef key ports containerPort port targetPort
           startupProbe readinessProbe livenessProbe httpGet path periodSeconds timeoutSeconds failureThreshold
           lifecycle preStop sleep seconds requests limits volumeMounts mountPath volumes emptyDir sizeLimit
           podSelector policyTypes ingress from scaleTargetRef minReplicas maxReplicas metrics resource target averageUtilization
           rules apiGroup apiGroups verbs roleRef subjects behavior scaleUp scaleDown stabilizationWindowSeconds selectPolicy policies
           """.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries),
    ];

    /// <summary>Reads the documents of Kubernetes in a file.</summary>
    /// <exception cref="YamlDotNet.Core.YamlException">It is no YAML, or names a member twice.</exception>
    /// <exception cref="InvalidDataException">A kind or a member is not known.</exception>
    internal static IReadOnlyList<YamlNode> ReadKubernetes(string text)
    {
        var documents = Read(text);
        foreach (var document in documents)
        {
            var kind = document.Text("kind");
            if (!Kinds.TryGetValue(kind, out var version) || document.Text("apiVersion") != version)
            {
                throw new InvalidDataException($"{document.Text("apiVersion")} {kind} is not known.");
            }

            CheckMembers(document, kind);
        }

        return documents;
    }

    /// <summary>Reads the documents of a file.</summary>
    internal static IReadOnlyList<YamlNode> Read(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(document => document.RootNode)];
    }

    /// <summary>Reads the kustomization and everything that it lists.</summary>
    internal static IReadOnlyList<YamlNode> ReadBase()
    {
        var listed = ReadKubernetes(File.ReadAllText(PathOfBase("kustomization.yaml"))).Single().Items("resources");
        return [.. listed.SelectMany(name => ReadKubernetes(File.ReadAllText(PathOfBase(name.ToString()))))];
    }

    internal static string PathOfBase(string name = "") => Checkout.PathOf("deploy", "kubernetes", "base", name);

    /// <summary>Gets a node by the names of the members that lead to it, with dots between them.</summary>
    internal static YamlNode At(this YamlNode node, string path) =>
        path.Split('.').Aggregate(node, (at, name) => at is YamlSequenceNode && int.TryParse(name, out var index) ? at[index] : at[name]);

    internal static string Text(this YamlNode node, string path) => node.At(path).ToString();

    internal static int Number(this YamlNode node, string path) => int.Parse(node.Text(path), CultureInfo.InvariantCulture);

    internal static TimeSpan Seconds(this YamlNode node, string path) => TimeSpan.FromSeconds(node.Number(path));

    internal static IReadOnlyList<YamlNode> Items(this YamlNode node, string path) => [.. (YamlSequenceNode)node.At(path)];

    private static void CheckMembers(YamlNode node, string where)
    {
        foreach (var item in node as YamlSequenceNode ?? [])
        {
            CheckMembers(item, where);
        }

        foreach (var (name, value) in node as YamlMappingNode ?? [])
        {
            var path = $"{where}.{name}";
            if (!Members.Contains(name.ToString()))
            {
                throw new InvalidDataException($"{path} is not known.");
            }

            // The selector of a Service is labels itself, those of others hold them.
            if (!Chosen.Contains(name.ToString()) && path != "Service.spec.selector")
            {
                CheckMembers(value, path);
            }
        }
    }
}

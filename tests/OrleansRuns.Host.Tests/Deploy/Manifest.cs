using System.Globalization;
using k8s;
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

    /// <summary>What a kustomization may say here. It is none of Kubernetes' own kinds.</summary>
    private static readonly HashSet<string> OfKustomization = ["apiVersion", "kind", "resources", "images"];

    /// <summary>Reads the documents of Kubernetes in a file.</summary>
    /// <exception cref="YamlDotNet.Core.YamlException">
    /// It is no YAML, or a member is unknown there, named twice or of another type.
    /// </exception>
    /// <exception cref="InvalidDataException">A kind is not known.</exception>
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

            if (kind == "Kustomization" && ((YamlMappingNode)document).Children.Keys.Any(name => !OfKustomization.Contains($"{name}")))
            {
                throw new InvalidDataException("The kustomization says something unknown.");
            }
        }

        if (documents.All(document => document.Text("kind") != "Kustomization"))
        {
            // As the types of Kubernetes itself: each member in its place, with its type.
            KubernetesYaml.LoadAllFromString(text, typeMap: null, strict: true);
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
}

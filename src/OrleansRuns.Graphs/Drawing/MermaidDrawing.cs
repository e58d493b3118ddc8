using System.Globalization;
using System.Text;

namespace OrleansRuns.Graphs;

/// <summary>Draws a graph as a Mermaid flowchart; the same graph gives the same text.</summary>
internal static class MermaidDrawing
{
    internal static string Draw(GraphShape shape)
    {
        var text = new StringBuilder("flowchart TD\n");
        DrawGraph(text, shape, prefix: "", indent: "    ");
        return text.ToString();
    }

    private static void DrawGraph(StringBuilder text, GraphShape shape, string prefix, string indent)
    {
        // Mermaid ids take few characters, so nodes are numbered and their names are labels.
        var ids = shape.Nodes.Keys.Select((name, index) => (name, Id: Invariant($"{prefix}n{index}")))
            .ToDictionary(pair => pair.name, pair => pair.Id, StringComparer.Ordinal);
        ids[Node.StartName] = $"{prefix}start";
        ids[Node.EndName] = $"{prefix}done";
        Line(text, indent, $"{ids[Node.StartName]}([start])");
        foreach (var node in shape.Nodes.Values)
        {
            DrawNode(text, node, ids[node.Name], indent);
        }

        Line(text, indent, $"{ids[Node.EndName]}([end])");
        var joins = 0;
        foreach (var link in shape.Links)
        {
            if (link.Kind == LinkKind.Join)
            {
                var bar = Invariant($"{prefix}j{joins++}");
                Line(text, indent, $"{bar}{{{{all}}}}");
                foreach (var from in link.From)
                {
                    Line(text, indent, $"{ids[from]} --- {bar}");
                }

                Line(text, indent, $"{bar} --> {ids[link.To[0]]}");
                continue;
            }

            for (var target = 0; target < link.To.Length; target++)
            {
                Line(text, indent, $"{ids[link.From[0]]} {Arrow(link.Kind, target, link.To[target])} {ids[link.To[target]]}");
            }
        }
    }

    private static void DrawNode(StringBuilder text, NodeShape node, string id, string indent)
    {
        if (node.Subgraph is null)
        {
            var label = Label(node.Options.Deferred ? $"{node.Name} (deferred)" : node.Name);
            Line(text, indent, node.Argument is null ? $"{id}[{label}]" : $"{id}[[{label}]]");
            return;
        }

        Line(text, indent, $"subgraph {id}[{Label(node.Name)}]");
        DrawGraph(text, node.Subgraph, $"{id}_", indent + "    ");
        Line(text, indent, "end");
    }

    private static string Arrow(LinkKind kind, int target, string name) => kind switch
    {
        LinkKind.Edge => "-->",
        LinkKind.FanOut => target == 0 ? "==>|each|" : "-.->|empty|",
        LinkKind.Error => "-.->|error|",
        _ => $"-.->|{Label(name == Node.EndName ? "end" : name)}|",
    };

    private static string Label(string name)
    {
        var escaped = name.Replace("#", "#35;", StringComparison.Ordinal).Replace("\"", "#quot;", StringComparison.Ordinal);
        return $"\"{escaped}\"";
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void Line(StringBuilder text, string indent, string line) => text.Append(indent).Append(line).Append('\n');
}

namespace OrleansRuns.Graphs;

/// <summary>A generic type of channels, and what belongs to it.</summary>
/// <param name="Converter">Its JSON.</param>
/// <param name="Rules">Its difference and fold.</param>
/// <param name="SchemaOf">Gets the type whose JSON schema is that of the channel, from the type's argument.</param>
internal sealed record ChannelKind(Type Converter, Type Rules, Func<Type, Type> SchemaOf)
{
    private static readonly Dictionary<Type, ChannelKind> Kinds = new()
    {
        [typeof(AppendList<>)] = new(typeof(AppendListConverter<>), typeof(AppendListRules<>), item => item.MakeArrayType()),
        [typeof(UnionSet<>)] = new(typeof(UnionSetConverter<>), typeof(UnionSetRules<>), item => item.MakeArrayType()),
        [typeof(Total<>)] = new(typeof(TotalConverter<>), typeof(TotalRules<>), number => number),
        [typeof(MergeMap<>)] = new(
            typeof(MergeMapConverter<>), typeof(MergeMapRules<>), value => typeof(Dictionary<,>).MakeGenericType(typeof(string), value)),
    };

    /// <summary>Gets the kind of a channel's type; <see langword="null"/> for one that is replaced as a whole, or merges itself.</summary>
    internal static ChannelKind? Of(Type type) =>
        typeof(IChannelValue).IsAssignableFrom(type) ? Kinds[type.GetGenericTypeDefinition()] : null;
}

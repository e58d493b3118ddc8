using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;

namespace OrleansRuns.Graphs;

/// <summary>Reads the channels off a state type, with every mistake in the type, its names and its defaults.</summary>
internal static class StateChannels<TState>
    where TState : GraphState, new()
{
    /// <summary>Reads the channels, in ordinal order of their names.</summary>
    /// <param name="problems">Receives every mistake that was found.</param>
    /// <returns>The channels whose type can be read; all there are when no mistake was found.</returns>
    internal static ImmutableArray<Channel<TState>> Read(ICollection<string> problems)
    {
        ImmutableArray<Channel<TState>> channels =
        [
            .. StateInspector.Inspect(typeof(TState), problems)
                .Select(pair => Create(pair.Name, pair.Property))
                .OrderBy(channel => channel.Name, StringComparer.Ordinal),
        ];
        CheckFormerNames(channels, problems);
        CheckDefaults(channels, problems);
        return channels;
    }

    private static Channel<TState> Create(string name, PropertyInfo property) =>
        (Channel<TState>)Activator.CreateInstance(
            typeof(Channel<,>).MakeGenericType(typeof(TState), property.PropertyType),
            name,
            property,
            CreateRules(property.PropertyType))!;

    private static object CreateRules(Type type)
    {
        if (type == typeof(Messages))
        {
            return new MessagesRules();
        }

        var rules = ChannelKind.Of(type) is { } kind ? kind.Rules.MakeGenericType(type.GetGenericArguments())
            : (IsMergeable(type) ? typeof(MergeableRules<>) : typeof(LastValueRules<>)).MakeGenericType(type);
        return Activator.CreateInstance(rules)!;
    }

    private static bool IsMergeable(Type type) =>
        type.GetInterfaces().Any(face => face.IsGenericType && face.GetGenericTypeDefinition() == typeof(IMergeable<>)
            && face.GetGenericArguments()[0] == type);

    private static void CheckFormerNames(ImmutableArray<Channel<TState>> channels, ICollection<string> problems)
    {
        var former = channels.SelectMany(channel => channel.FormerNames.Select(name => (Name: name, Channel: channel)));
        var owners = channels.Select(channel => (channel.Name, Channel: channel)).Concat(former)
            .ToLookup(pair => pair.Name, pair => pair.Channel, StringComparer.Ordinal);
        foreach (var (name, channel) in former.Where(pair => owners[pair.Name].First() != pair.Channel))
        {
            problems.Add(
                $"'{channel.Name}' of {typeof(TState).Name} has the former name '{name}', which is also that of "
                + $"'{owners[name].First().Name}'. Two channels cannot read what was stored under one name.");
        }
    }

    private static void CheckDefaults(ImmutableArray<Channel<TState>> channels, ICollection<string> problems)
    {
        try
        {
            var (one, other) = (new TState(), new TState());
            foreach (var mistake in channels.Select(channel => FindMistakeInDefault(channel, one, other)).OfType<string>())
            {
                problems.Add(mistake);
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            var reason = (exception as TargetInvocationException)?.InnerException ?? exception;
            problems.Add(
                $"The state {typeof(TState).Name} cannot be made: {reason.Message} Give its properties defaults that need nothing.");
        }
    }

    private static string? FindMistakeInDefault(Channel<TState> channel, TState one, TState other)
    {
        var place = $"The default of '{channel.Name}' of {typeof(TState).Name}";
        try
        {
            return JsonElement.DeepEquals(channel.Value(one), channel.Value(other)) ? null
                : $"{place} differs from one construction to the next. Give it a fixed default, and set what changes in a node.";
        }
        catch (GraphUpdateException exception)
        {
            return $"{place} cannot be stored: {exception.Message}";
        }
    }
}

using System.Numerics;

namespace OrleansRuns.Graphs;

/// <summary>Sums that are right or refused: an integer type does not wrap, and <see cref="decimal"/> does not round.</summary>
internal static class Exact
{
    /// <summary>Tells whether a type has negative numbers.</summary>
    internal static bool IsSigned<T>()
        where T : INumber<T> => T.IsNegative(-T.One);

    /// <exception cref="OverflowException">The sum does not fit.</exception>
    internal static T Sum<T>(T one, T other)
        where T : INumber<T>
    {
        var sum = checked(one + other);
        return sum - one == other && sum - other == one ? sum : throw Rounded(one, '+', other);
    }

    /// <exception cref="OverflowException">The difference does not fit.</exception>
    internal static T Difference<T>(T one, T other)
        where T : INumber<T>
    {
        var difference = checked(one - other);
        return difference + other == one && one - difference == other ? difference : throw Rounded(one, '-', other);
    }

    private static OverflowException Rounded<T>(T one, char sign, T other) =>
        new(FormattableString.Invariant($"{one} {sign} {other} has more digits than a {typeof(T).Name} holds."));
}

using System.CommandLine;
using System.Globalization;

namespace OrleansRuns.Host;

/// <summary>Makes options that take a whole number.</summary>
internal static class NumberOption
{
    /// <summary>Makes an option.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it is for.</param>
    /// <param name="bounds">The least and the largest number.</param>
    /// <param name="usual">The number when none is given.</param>
    /// <param name="format">How numbers are shown; the default groups their digits.</param>
    internal static Option<int> Create(string name, string description, (int Min, int Max) bounds, int usual, string format = "N0")
    {
        var range = $"{Text(bounds.Min)} to {Text(bounds.Max)}";
        return new Option<int>(name)
        {
            Description = $"{description}, {range}.",
            DefaultValueFactory = _ => usual,
            // A validator that asks for the value of a text that is no number would end the program.
            CustomParser = result =>
            {
                if (result.Tokens is [var token]
                    && int.TryParse(token.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                    && number >= bounds.Min
                    && number <= bounds.Max)
                {
                    return number;
                }

                result.AddError($"{name} takes {range}, not '{string.Join(' ', result.Tokens)}'.");
                return usual;
            },
        };

        string Text(int number) => number.ToString(format, CultureInfo.InvariantCulture);
    }
}

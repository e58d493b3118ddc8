using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansRuns.AdoNet;
using OrleansRuns.Runtime;

namespace OrleansRuns.Host;

/// <summary>Tells mistakes in the configuration: which key is wrong, and what is allowed there.</summary>
internal static class ConfigurationErrors
{
    private static readonly Dictionary<Type, string> Sections = new()
    {
        [typeof(RunsOptions)] = RunsOptions.Section,
        [typeof(RunNodesOptions)] = RunNodesOptions.Section,
        [typeof(RunEventsOptions)] = RunEventsOptions.Section,
        [typeof(RunRecoveryOptions)] = RunRecoveryOptions.Section,
        [typeof(DrainOptions)] = DrainOptions.Section,
        [typeof(PostgresRunsOptions)] = PostgresRunsOptions.Section,
        [typeof(ThreadLogOptions)] = ThreadLogOptions.Section,
        [typeof(ClientOptions)] = ClientOptions.Section,
        [typeof(WebOptions)] = WebOptions.Section,
        [typeof(PodOptions)] = PodOptions.Section,
    };

    /// <summary>Describes an error of the configuration.</summary>
    /// <returns>The message, or <see langword="null"/> when it is another error.</returns>
    /// <remarks>
    /// Where options are read first decides how their errors arrive. What is no value at all comes as an exception without a type of its
    /// own, so that the library that threw it tells it from a mistake in the program.
    /// </remarks>
    internal static string? Describe(Exception exception) => exception switch
    {
        OptionsValidationException invalid => Describe(invalid),
        AggregateException { InnerExceptions: [_, ..] several } when several.All(one => one is OptionsValidationException) =>
            string.Join(Environment.NewLine, several.Cast<OptionsValidationException>().Select(Describe)),
        InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder" } =>
            $"{exception.Message} Write times as 00:00:25, which is 25 seconds, and numbers as 0.2.",
        InvalidOperationException { Source: "Microsoft.Extensions.Logging.Configuration" } =>
            $"{exception.Message} What Logging:LogLevel holds is one of: {string.Join(", ", Enum.GetNames<LogLevel>())}.",
        _ => null,
    };

    // A failure begins with the name of the property.
    private static string Describe(OptionsValidationException invalid) => string.Join(
        Environment.NewLine,
        invalid.Failures.Select(failure => Sections.TryGetValue(invalid.OptionsType, out var section) ? $"{section}:{failure}" : failure));
}

namespace OrleansRuns.Graphs.Tests;

/// <summary>What an answer has to be is checked by the schema of its question before anything runs.</summary>
public sealed class AnswerCheckTests
{
    public static TheoryData<Type, string, bool> Answers => new()
    {
        { typeof(Guid), "\"nope\"", false },
        { typeof(Guid), "\"0193f2a0-0000-7000-8000-000000000000\"", true },
        { typeof(byte), "300", false },
        { typeof(byte), "255", true },
        { typeof(int?), "2147483648", false },
        { typeof(int?), "null", true },
        { typeof(ulong), "18446744073709551615", true },
        { typeof(ulong), "-1", false },
        { typeof(DateTime), "\"2026-01-02T12:00:00\"", true },
        { typeof(DateTimeOffset), "\"tomorrow\"", false },
        { typeof(DateOnly), "\"2026-02-30\"", false },
        { typeof(TimeOnly), "\"12:30:00\"", true },
        { typeof(TimeSpan), "\"an hour\"", false },
        { typeof(TimeSpan), "\"01:00:00\"", true },
        { typeof(char), "\"ab\"", false },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public void Mismatch_FormatOrRange_IsToldWithThePath(Type type, string answer, bool fits)
    {
        var schema = System.Text.Json.JsonSerializer.SerializeToElement(JsonSchemas.Of(type));

        var mismatch = AnswerCheck.Mismatch(TestGraph.Json(answer), schema);

        Assert.Equal(fits, mismatch is null);
        Assert.True(fits || mismatch!.StartsWith("'$' is ", StringComparison.Ordinal), mismatch);
    }
}

using System.Collections.Immutable;
using System.Text.Json;

namespace OrleansRuns.Graphs;

/// <summary>The writes of one task and the namespace of its graph.</summary>
/// <param name="Namespace">Empty for the run's own graph.</param>
/// <param name="Writes">What the task has produced so far.</param>
public sealed record PendingTask(string Namespace, TaskWrites Writes);

/// <summary>Gives answers to the tasks that wait for them. Pure.</summary>
public static class ResumeAnswers
{
    /// <summary>Matches a resume value with the pending questions.</summary>
    /// <param name="pending">The pending writes of the run, those of its subgraphs included; finished ones are passed over.</param>
    /// <param name="resume">
    /// The answer to the only pending question, or an object of answers by interrupt id, which may leave questions open.
    /// </param>
    /// <returns>The answered tasks, in the given order: their answers appended, their questions cleared, ready to run again.</returns>
    /// <exception cref="GraphInputException">
    /// Nothing waits, it is not clear what is answered, or an answer does not fit its question.
    /// </exception>
    public static ImmutableArray<PendingTask> Apply(IReadOnlyList<PendingTask> pending, JsonElement resume)
    {
        ArgumentNullException.ThrowIfNull(pending);
        var waiting = pending.Where(task => !task.Writes.Finished && !task.Writes.Interrupts.IsEmpty).ToList();
        var questions = waiting.SelectMany(task => task.Writes.Interrupts).ToDictionary(one => one.Id, StringComparer.Ordinal);
        if (questions.Count == 0)
        {
            throw new GraphInputException("Cannot resume with an answer: no question waits for one.");
        }

        if (resume.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
        {
            throw new GraphInputException("Cannot resume with null: it is not an answer.");
        }

        var answers = IsMap(resume, questions.Keys) ? ReadMap(resume, questions) : ReadSingle(resume, questions);
        foreach (var (id, answer) in answers)
        {
            var problem = questions[id].AnswerSchema is { } schema ? AnswerCheck.Mismatch(answer, schema) : null;
            if (problem is not null)
            {
                throw new GraphInputException($"The answer to question '{id}' of node '{questions[id].Node}' does not fit: {problem}");
            }
        }

        return [.. waiting.Select(task => Answer(task, answers)).OfType<PendingTask>()];
    }

    private static PendingTask? Answer(PendingTask task, Dictionary<string, JsonElement> answers)
    {
        // Answers are positional, so a later one cannot be given before an earlier one.
        var given = task.Writes.Interrupts.TakeWhile(question => answers.ContainsKey(question.Id)).ToList();
        return given.Count == 0 ? null : task with
        {
            Writes = task.Writes with
            {
                Answers = [.. task.Writes.Answers, .. given.Select(question => answers[question.Id])],
                Interrupts = task.Writes.Interrupts.RemoveRange(0, given.Count),
            },
        };
    }

    // A single answer may be an object too, so only members that look like interrupt ids make a map.
    private static bool IsMap(JsonElement resume, IEnumerable<string> ids) =>
        resume.ValueKind == JsonValueKind.Object && resume.EnumerateObject().Any()
        && (ids.Any(id => resume.TryGetProperty(id, out _)) || resume.EnumerateObject().All(member => LooksLikeId(member.Name)));

    private static bool LooksLikeId(string name) => name.Length == 32 && name.All(char.IsAsciiHexDigitLower);

    private static Dictionary<string, JsonElement> ReadMap(JsonElement resume, Dictionary<string, Interrupt> questions)
    {
        var answers = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var member in resume.EnumerateObject())
        {
            if (!questions.ContainsKey(member.Name))
            {
                throw new GraphInputException($"No question '{member.Name}' waits for an answer. Waiting: {List(questions.Values)}.");
            }

            if (member.Value.ValueKind == JsonValueKind.Null)
            {
                throw new GraphInputException($"The answer to question '{member.Name}' is null, which is not an answer.");
            }

            answers[member.Name] = member.Value.Clone();
        }

        return answers;
    }

    private static Dictionary<string, JsonElement> ReadSingle(JsonElement resume, Dictionary<string, Interrupt> questions) =>
        questions.Count == 1
            ? new(StringComparer.Ordinal) { [questions.Keys.Single()] = resume.Clone() }
            : throw new GraphInputException(
                $"{questions.Count} questions wait, so one answer is ambiguous. "
                + $"Answer with an object by interrupt id: {List(questions.Values)}.");

    private static string List(IEnumerable<Interrupt> questions) =>
        string.Join(", ", questions.Select(question => $"'{question.Id}' (node '{question.Node}')"));
}

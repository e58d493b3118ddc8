using Microsoft.AspNetCore.Http;

namespace OrleansRuns.Host;

/// <summary>Answers that say what went wrong, as RFC 9457 has it.</summary>
internal static class Problems
{
    /// <summary>The member that repeats the detail for clients that show only that.</summary>
    internal const string Message = "message";

    internal static Task WriteAsync(HttpContext context, int status, string detail) => TypedResults
        .Problem(detail, statusCode: status, extensions: new Dictionary<string, object?> { [Message] = detail })
        .ExecuteAsync(context);
}

using System.Collections.Immutable;
using System.IO.Enumeration;
using System.Text;

namespace OrleansRuns.Host;

/// <summary>Reads folders and files for digests.</summary>
internal static class DigestFiles
{
    /// <summary>A larger file is left out.</summary>
    internal const long MaxFileBytes = 16 << 20;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly Lock ReadLogLock = new();

    private static readonly EnumerationOptions Options = new()
    {
        RecurseSubdirectories = true,
        IgnoreInaccessible = true,
        AttributesToSkip = FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReparsePoint,
    };

    /// <summary>Lists the files of a folder and below, in ordinal order, as paths below it with '/'.</summary>
    internal static ImmutableArray<string> List(string folder, string pattern)
    {
        var files = new FileSystemEnumerable<string>(
            folder,
            (ref entry) => Path.GetRelativePath(folder, entry.ToFullPath()).Replace(Path.DirectorySeparatorChar, '/'),
            Options)
        {
            ShouldIncludePredicate = (ref entry) =>
                !entry.IsDirectory && FileSystemName.MatchesSimpleExpression(pattern, entry.FileName, ignoreCase: false),
            ShouldRecursePredicate = (ref entry) => entry.FileName is not ("bin" or "obj" or "node_modules"),
        };
        return [.. files.Order(StringComparer.Ordinal)];
    }

    /// <summary>Reads a text file.</summary>
    /// <returns>The text, or why it was left out.</returns>
    internal static async Task<(string? Text, string? Problem)> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            var bytes = new FileInfo(path).Length;
            if (bytes > MaxFileBytes)
            {
                return (null, $"it has {bytes:N0} bytes, more than {MaxFileBytes:N0}; split it");
            }

            var content = await File.ReadAllBytesAsync(path, cancellationToken);
            return content.Contains((byte)0)
                ? (null, "it is no text: it has a zero byte; choose text files with \"pattern\"")
                : (StrictUtf8.GetString(content), null);
        }
        catch (DecoderFallbackException exception)
        {
            return (null, $"it is no UTF-8 text: byte {exception.Index} does not fit; convert it, or choose text files with \"pattern\"");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return (null, $"it cannot be read: {exception.Message}");
        }
    }

    /// <summary>Notes that a file is read, before what it holds can be durable anywhere.</summary>
    internal static void Note(string readLog, string path, string idempotencyKey)
    {
        lock (ReadLogLock)
        {
            File.AppendAllText(readLog, $"{idempotencyKey} {path}\n");
        }
    }
        if (FileKind.Special(path) is { } kind)
        {
            return (null, $"it is {kind}, and only regular files are read; leave it out with \"pattern\"");
        }


    /// <summary>Writes a file as a whole: a reader sees the old one or the new one.</summary>
    internal static async Task WriteAsync(string path, string text, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path + ".new", text, cancellationToken);
        File.Move(path + ".new", path, overwrite: true);
    }
}

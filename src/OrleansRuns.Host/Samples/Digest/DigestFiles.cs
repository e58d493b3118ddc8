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
        // A folder that is closed to this program must not look like one without files.
        IgnoreInaccessible = false,
        AttributesToSkip = FileAttributes.Hidden | FileAttributes.System,
    };

    /// <summary>Tells why a folder that is there cannot be listed.</summary>
    /// <returns>The reason, or <see langword="null"/> when it can be.</returns>
    internal static string? WhyClosed(string folder)
    {
        try
        {
            _ = Directory.EnumerateFileSystemEntries(folder).Any();
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception.Message;
        }
    }

    /// <summary>Lists the files of a folder and below, in ordinal order, as paths below it with '/'.</summary>
    /// <returns>The files, and what is left out unseen: links, which may lead in a circle, and folders that cannot be listed.</returns>
    internal static (ImmutableArray<string> Paths, ImmutableArray<SkippedFile> LeftOut) List(string root, string pattern)
    {
        var (paths, leftOut) = (new List<string>(), new List<SkippedFile>());
        var folders = new Stack<string>([root]);
        while (folders.TryPop(out var folder))
        {
            try
            {
                foreach (var (path, isFolder, isLink) in Entries(folder, pattern))
                {
                    if (isLink)
                    {
                        leftOut.Add(new SkippedFile(
                            $"{Below(root, path)}{(isFolder ? "/" : "")}", "it is a link, which is not followed; name what it leads to"));
                    }
                    else if (isFolder)
                    {
                        folders.Push(path);
                    }
                    else
                    {
                        paths.Add(Below(root, path));
                    }
                }
            }
            catch (Exception exception) when (folder != root && (exception is IOException or UnauthorizedAccessException))
            {
                leftOut.Add(new SkippedFile($"{Below(root, folder)}/", $"the folder cannot be listed: {exception.Message}"));
            }
        }

        return ([.. paths.Order(StringComparer.Ordinal)], [.. leftOut.OrderBy(one => one.Path, StringComparer.Ordinal)]);
    }

    /// <summary>Reads a text file.</summary>
    /// <returns>The text, or why it was left out.</returns>
    internal static async Task<(string? Text, string? Problem)> ReadAsync(string path, CancellationToken cancellationToken)
    {
        if (FileKind.Special(path) is { } kind)
        {
            return (null, $"it is {kind}, and only regular files are read; leave it out with \"pattern\"");
        }

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

    /// <summary>Writes a file as a whole: a reader sees the old one or the new one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="text">What it is to hold.</param>
    /// <param name="key">Whose write it is: neither another run's nor somebody's own file may be in its way.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    internal static async Task WriteAsync(string path, string text, string key, CancellationToken cancellationToken)
    {
        var folder = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(folder);
        var written = Path.Combine(folder, $".{key}.new");
        try
        {
            await File.WriteAllTextAsync(written, text, cancellationToken);
            File.Move(written, path, overwrite: true);
        }
        catch
        {
            File.Delete(written);
            throw;
        }
    }

    private static FileSystemEnumerable<(string Path, bool IsFolder, bool IsLink)> Entries(string folder, string pattern) =>
        new(folder, (ref entry) => (entry.ToFullPath(), entry.IsDirectory, (entry.Attributes & FileAttributes.ReparsePoint) != 0), Options)
        {
            ShouldIncludePredicate = (ref entry) => entry.IsDirectory
                ? entry.FileName is not ("bin" or "obj" or "node_modules")
                : FileSystemName.MatchesSimpleExpression(pattern, entry.FileName, ignoreCase: false),
        };

    private static string Below(string root, string path) =>
        Path.GetRelativePath(root, path).Replace(Path.DirectorySeparatorChar, '/');
}

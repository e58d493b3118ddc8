using System.Runtime.InteropServices;

namespace OrleansRuns.Host;

/// <summary>Tells what a path names without opening it.</summary>
/// <remarks>
/// To open a named pipe waits for somebody who writes to it, for ever if need be, and to open a device may set it to work. .NET says of
/// both that they are files. What Linux tells has the same form on every processor; elsewhere nothing is known.
/// </remarks>
internal static partial class FileKind
{
    private const int CurrentFolder = -100;
    private const uint KindOnly = 1;
    private const int StatusBytes = 256;
    private const int ModeOffset = 28;
    private const int KindBits = 0xF000;

    /// <summary>Names what a path stands for when it is no regular file.</summary>
    /// <returns>What it is, or <see langword="null"/> for a regular file and for what is not known.</returns>
    internal static string? Special(string path)
    {
        var status = new byte[StatusBytes];
        if (!OperatingSystem.IsLinux() || Status(CurrentFolder, path, flags: 0, KindOnly, status) != 0)
        {
            // Whoever opens what cannot be looked at is told why not.
            return null;
        }

        return (BitConverter.ToUInt16(status, ModeOffset) & KindBits) switch
        {
            0x1000 => "a named pipe",
            0x2000 or 0x6000 => "a device",
            0x4000 => "a folder",
            0xC000 => "a socket",
            _ => null,
        };
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Status(int folder, string path, int flags, uint wanted, [Out] byte[] status);
}

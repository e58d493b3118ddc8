using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace OrleansRuns.Graphs;

/// <summary>Ids that follow from what they name: the same in every process, before and after a crash.</summary>
internal static class StableId
{
    internal static string ForTask(string checkpointId, string checkpointNamespace, int step, string node, int place)
    {
        var hash = Hash(checkpointId, checkpointNamespace, Text(step), node, Text(place));
        // RFC 9562 keeps version 8 for ids of one's own making.
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash, bigEndian: true).ToString();
    }

    internal static string ForInterrupt(string checkpointNamespace, string taskId, int index) =>
        Digest(checkpointNamespace, taskId, Text(index));

    internal static string Digest(params IEnumerable<string> parts) => Convert.ToHexStringLower(Hash(parts));

    private static byte[] Hash(params IEnumerable<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var length = new byte[sizeof(int)];
        foreach (var part in parts)
        {
            // A length in front keeps ("a", "bc") and ("ab", "c") apart.
            var bytes = Encoding.UTF8.GetBytes(part);
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }

        return hash.GetHashAndReset()[..16];
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

namespace OrleansRuns.Runtime;

/// <summary>
/// Checkpoint ids: UUIDv8 (RFC 9562) of 48 bits of Unix time in milliseconds, 54 bits of position in the log and 20 bits of place in the
/// entry. Their lexical order is the log's order, and the position follows from the id without an index.
/// </summary>
internal static class CheckpointId
{
    private const int PlaceBits = 20;
    private const int LowBits = 62;

    /// <summary>Makes an id.</summary>
    /// <param name="time">The time of the entry, which must not run backwards in one log.</param>
    /// <param name="position">The position of the entry, 0 to 2^54 - 1.</param>
    /// <param name="place">The place of the record in the entry, 0 to 2^20 - 1.</param>
    internal static string Create(DateTimeOffset time, long position, int place)
    {
        var order = ((UInt128)(ulong)position << PlaceBits) | (uint)place;
        var high = ((ulong)time.ToUnixTimeMilliseconds() << 16) | (8UL << 12) | (ulong)(order >> LowBits);
        var low = (2UL << LowBits) | (ulong)(order & (((UInt128)1 << LowBits) - 1));
        return new Guid(ToBytes(((UInt128)high << 64) | low), bigEndian: true).ToString();
    }

    /// <summary>Reads the position off an id.</summary>
    /// <returns>The position, or <see langword="null"/> when the text is no checkpoint id.</returns>
    internal static long? PositionOf(string id)
    {
        if (!Guid.TryParse(id, out var guid) || guid.Version != 8)
        {
            return null;
        }

        var bytes = guid.ToByteArray(bigEndian: true);
        var value = bytes.Aggregate((UInt128)0, (all, one) => (all << 8) | one);
        var order = (((value >> 64) & 0xFFF) << LowBits) | (value & (((UInt128)1 << LowBits) - 1));
        return (long)(order >> PlaceBits);
    }

    private static byte[] ToBytes(UInt128 value)
    {
        var bytes = new byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return bytes;
    }
}

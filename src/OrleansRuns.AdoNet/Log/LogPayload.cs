using Orleans.Storage;

namespace OrleansRuns.AdoNet;

/// <summary>An entry's bytes, as Orleans grain storage carries them.</summary>
internal sealed class LogPayload
{
    public byte[] Bytes { get; set; } = [];
}

/// <summary>Hands the bytes through: the log has a format of its own, which an operator can read with SQL.</summary>
internal sealed class LogPayloadSerializer : IGrainStorageSerializer
{
    public BinaryData Serialize<T>(T? input) => new(((LogPayload)(object)input!).Bytes);

    public T Deserialize<T>(BinaryData input) => (T)(object)new LogPayload { Bytes = input.ToArray() };
}

/// <summary>Transforms an entry's bytes on their way to and from the database, for example to encrypt them.</summary>
/// <remarks>Register one as a singleton. It has to read what was written before it was registered.</remarks>
public interface ILogPayloadCodec
{
    /// <summary>Transforms bytes before they are stored.</summary>
    byte[] Encode(byte[] bytes);

    /// <summary>Gives back what <see cref="Encode"/> was given.</summary>
    byte[] Decode(byte[] bytes);
}

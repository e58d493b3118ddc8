using System.Diagnostics.CodeAnalysis;

namespace OrleansRuns.Runtime;

/// <summary>Who owns a run: one start of one silo of one cluster, written "{cluster}/{address}:{port}@{generation}".</summary>
/// <param name="ClusterId">The cluster. Two clusters may share a database; a run of one is none of the other's business.</param>
/// <param name="Silo">The silo. Its generation is another one after every start, so that an owner that died never comes back.</param>
public sealed record RunOwner(string ClusterId, SiloAddress Silo)
{
    /// <summary>Reads an owner.</summary>
    /// <param name="text">What <see cref="ToString"/> gave.</param>
    /// <param name="owner">The owner.</param>
    /// <returns>Whether the text is an owner.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out RunOwner? owner)
    {
        // A cluster's id may hold a slash; a silo's address does not.
        var slash = text?.LastIndexOf('/') ?? -1;
        owner = slash >= 0 && SiloAddress.TryParse(text![(slash + 1)..], null, out var silo)
            ? new RunOwner(text[..slash], silo)
            : null;
        return owner is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{ClusterId}/{Silo.ToParsableString()}";
}

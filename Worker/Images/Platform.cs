using System.Diagnostics.CodeAnalysis;

namespace Builds.Worker.Images;

/// <summary>What an image runs on: <c>linux/arm64</c>, <c>linux/arm/v7</c> (OCI image index).</summary>
public sealed record Platform(string Os, string Architecture, string? Variant)
{
    public override string ToString() => Variant is null ? $"{Os}/{Architecture}" : $"{Os}/{Architecture}/{Variant}";

    public static Platform Of(string os, string architecture, string? variant)
    {
        var arch = architecture.ToLowerInvariant();
        (arch, variant) = arch switch
        {
            "x86_64" or "x86-64" => ("amd64", variant),
            "aarch64" => ("arm64", variant),
            "armhf" => ("arm", "v7"),
            "armel" => ("arm", "v6"),
            "i386" => ("386", variant),
            _ => (arch, variant),
        };
        variant = (arch, variant) switch
        {
            (_, "") => null,
            ("arm64", "v8" or "8") => null,
            ("amd64", "v1") => null,
            ("arm", null) => "v7",
            _ => variant,
        };
        return new Platform(os.ToLowerInvariant(), arch, variant);
    }

    public static bool TryParse(string text, [NotNullWhen(true)] out Platform? platform)
    {
        var parts = text.Split('/');
        var readable = parts.Length is 2 or 3 && parts.All(part => part.Length is > 0 and < 32 && part.All(IsPlain));
        platform = readable ? Of(parts[0], parts[1], parts.ElementAtOrDefault(2)) : null;
        return readable;
    }

    /// <summary>An older ARM variant runs on a newer one; everything else has to be equal.</summary>
    public bool Runs(Platform image) =>
        Os == image.Os && Architecture == image.Architecture
        && (Variant == image.Variant || image.Variant is null
            || (Architecture == "arm" && string.CompareOrdinal(image.Variant, Variant) < 0));

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-';
}

using System.ComponentModel.DataAnnotations;

namespace Builds.Gateway.Hooking;

/// <summary>The <c>Hooks</c> section of configuration: which registries may notify us.</summary>
public sealed class HookingOptions : IValidatableObject
{
    public IReadOnlyList<NotifyingRegistryOptions> Registries { get; init; } = [];

    /// <summary>Megabytes of one notification; a larger one is read to its end, counted and dropped.</summary>
    [Range(1, 512)]
    public int BodyMegabytes { get; init; } = 32;

    /// <summary>Days that the id of an event is kept, so that a repetition is known.</summary>
    [Range(1, 3650)]
    public int KeepEventDays { get; init; } = 7;

    public long BodyLimit => BodyMegabytes * 1_000_000L;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var problems = Registries.Index().SelectMany(one => Problems(one.Item)
            .Select(problem => new ValidationResult($"Hooks:Registries:{one.Index}: {problem.ErrorMessage}"))).ToList();
        if (problems.Count > 0)
            return problems;
        if (Registries.GroupBy(registry => registry.Host).FirstOrDefault(group => group.Count() > 1) is { } twice)
            return [new ValidationResult($"Hooks:Registries has {twice.Key} twice: leave one out.")];
        return Registries.DistinctBy(registry => registry.TheSecret).Count() < Registries.Count
            ? [new ValidationResult("Hooks:Registries has one secret twice: it says which registry it is.")]
            : [];
    }

    private static List<ValidationResult> Problems(NotifyingRegistryOptions registry)
    {
        var problems = new List<ValidationResult>();
        Validator.TryValidateObject(registry, new ValidationContext(registry), problems, validateAllProperties: true);
        return problems;
    }
}

/// <summary>A registry that notifies us. Its secret says which one it is.</summary>
public sealed class NotifyingRegistryOptions : IValidatableObject
{
    private const int Shortest = 16;

    /// <summary>Canonical <c>host[:port]</c>, as people write it in a Dockerfile.</summary>
    [Required, RegularExpression("^[a-z0-9.-]+(:[0-9]{1,5})?$")]
    public string Host { get; init; } = null!;

    /// <summary>What it sends as <c>Authorization: Bearer …</c>; at least 16 characters.</summary>
    public string? Secret { get; init; }

    /// <summary>File with the secret in its first line, read at start; instead of it.</summary>
    public string? SecretFile { get; init; }

    public string TheSecret => Secret ?? File.ReadLines(SecretFile!).FirstOrDefault()?.Trim() ?? "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Secret is null == SecretFile is null)
            yield return new ValidationResult("give either Secret or SecretFile.");
        else if (Secret is null && !File.Exists(SecretFile))
            yield return new ValidationResult($"SecretFile: there is no file {SecretFile}.");
        else if (TheSecret.Length < Shortest)
            yield return new ValidationResult($"the secret needs at least {Shortest} characters.");
    }
}

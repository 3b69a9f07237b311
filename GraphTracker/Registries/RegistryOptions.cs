using System.ComponentModel.DataAnnotations;

namespace Builds.GraphTracker.Registries;

/// <summary>The <c>Registries</c> section of configuration: the registries that are asked, and how.</summary>
public sealed class RegistryOptions : IValidatableObject
{
    /// <summary>The registry of an image that names none: <c>host[:port]</c>; the same as in the Gateway.</summary>
    [Required]
    public string Default { get; init; } = null!;

    /// <summary>Nobody else is asked anything.</summary>
    public IReadOnlyList<KnownRegistryOptions> Known { get; init; } = [];

    /// <summary>Seconds that one answer may take.</summary>
    [Range(1, 600)]
    public int TimeoutSeconds { get; init; } = 30;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (place, registry) in Known.Index())
        {
            var problems = new List<ValidationResult>();
            Validator.TryValidateObject(registry, new ValidationContext(registry), problems, validateAllProperties: true);
            foreach (var problem in problems)
                yield return new ValidationResult($"Registries:Known:{place}: {problem.ErrorMessage}");
        }

        if (Known.GroupBy(registry => registry.Host).FirstOrDefault(same => same.Count() > 1) is { } twice)
            yield return new ValidationResult($"Registries:Known has {twice.Key} twice: leave one out.");
    }
}

/// <summary>A registry that is asked.</summary>
public sealed class KnownRegistryOptions : IValidatableObject
{
    /// <summary>Canonical <c>host[:port]</c>, as people write it in a Dockerfile; <c>docker.io</c> for Docker Hub.</summary>
    [Required]
    public string Host { get; init; } = null!;

    /// <summary>Where it is reached; <c>https://</c> and the host where left out.</summary>
    public Uri? Url { get; init; }

    /// <summary>For basic auth, or shown to the token server that the registry names.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>File with the password in its first line, read at start; instead of it.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>File with the certificates (PEM) of the authorities that may sign its own; the system's where left
    /// out.</summary>
    public string? CaFile { get; init; }

    /// <summary>
    /// Minutes between two looks through all of its tags, the first at start; 0 = never, for one that is not ours.
    /// </summary>
    [Range(0, 10_080)]
    public int ReconcileMinutes { get; init; } = 60;

    /// <summary>Minutes between two looks at the tags that others stand on, for one that tells us nothing; 0 =
    /// never.</summary>
    [Range(0, 10_080)]
    public int WatchMinutes { get; init; }

    /// <summary>Milliseconds between two requests while it is looked through.</summary>
    [Range(0, 60_000)]
    public int PauseMilliseconds { get; init; } = 5;

    internal Uri Api
    {
        get
        {
            var url = Url ?? new Uri($"https://{(Host == "docker.io" ? "registry-1.docker.io" : Host)}");
            return new Uri(url, "/v2/");
        }
    }

    internal string? Secret => Password ?? (PasswordFile is null ? null : File.ReadLines(PasswordFile).First().Trim());

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Url is { } url && url.Scheme is not ("http" or "https"))
            yield return new ValidationResult("Url: it begins with http:// or https://.");
        if (Password is not null && PasswordFile is not null)
            yield return new ValidationResult("give Password or PasswordFile, not both.");
        foreach (var file in new[] { PasswordFile, CaFile }.OfType<string>().Where(file => !File.Exists(file)))
            yield return new ValidationResult($"there is no file {file}.");
    }
}

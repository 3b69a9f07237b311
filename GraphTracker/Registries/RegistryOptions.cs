using System.ComponentModel.DataAnnotations;

namespace Builds.GraphTracker.Registries;

/// <summary>The <c>Registries</c> section of configuration: the registries that are asked, and how.</summary>
public sealed class RegistryOptions : IValidatableObject
{
    /// <summary>The registry of an image that names none: <c>host[:port]</c>; the same as in the Gateway.</summary>
    [Required]
    [HostName]
    public string Default { get; init; } = null!;

    /// <summary>Nobody else is asked anything.</summary>
    public IReadOnlyList<KnownRegistryOptions> Known { get; init; } = [];

    /// <summary>Seconds that one answer may take, to its last byte.</summary>
    [Range(1, 600)]
    public int TimeoutSeconds { get; init; } = 30;

    /// <summary>How often a request is repeated at once after no answer, 429 or 5xx.</summary>
    [Range(0, 10)]
    public int Retries { get; init; } = 2;

    /// <summary>Seconds before the first of those; doubles each time.</summary>
    [Range(1, 60)]
    public int RetrySeconds { get; init; } = 1;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (place, registry) in Known.Index())
        {
            var problems = new List<ValidationResult>();
            Validator.TryValidateObject(
                registry, new ValidationContext(registry), problems, validateAllProperties: true);
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
    /// <summary>
    /// Canonical <c>host[:port]</c>, as people write it in a Dockerfile; <c>docker.io</c> for Docker Hub.
    /// </summary>
    [Required]
    [HostName]
    public string Host { get; init; } = null!;

    /// <summary>Where it is reached; <c>https://</c> and the host where left out, <c>http://</c> on loopback without
    /// <see cref="CaFile"/>.</summary>
    public Uri? Url { get; init; }

    /// <summary>For basic auth, or shown to the token server that the registry names.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>File with the password in its first line, read at start; instead of it.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>Host, or <c>host:port</c>, of the token server that may be shown user and password, where that is not
    /// the registry's own host. Of Docker Hub it is known.</summary>
    public string? TokenServer { get; init; }

    /// <summary>File with the certificates (PEM) of the authorities that may sign its own; the system's where left
    /// out.</summary>
    public string? CaFile { get; init; }

    /// <summary>Between two looks through all of its tags, the first at start; zero = never, for one that is not
    /// ours.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "30.00:00:00")]
    public TimeSpan ReconcileInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Between two looks at the tags that others stand on, for one that tells us nothing; zero = never.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "30.00:00:00")]
    public TimeSpan WatchInterval { get; init; }

    /// <summary>Milliseconds between two requests while it is looked through.</summary>
    [Range(0, 60_000)]
    public int PauseMilliseconds { get; init; } = 5;

    internal const string DockerHub = "docker.io";

    internal Uri Api
    {
        get
        {
            var host = Host == DockerHub ? "registry-1.docker.io" : Host;
            var plain = new Uri($"http://{host}");
            return new Uri(Url ?? (plain.IsLoopback && CaFile is null ? plain : new Uri($"https://{host}")), "/v2/");
        }
    }

    /// <summary>Once, at start.</summary>
    internal string ReadPassword() => Password ?? File.ReadLines(PasswordFile!).First().Trim();

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Url is { } url && (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0))
            yield return new ValidationResult("Url: it begins with http:// or https://, and has no password in it.");
        if (Password is not null && PasswordFile is not null)
            yield return new ValidationResult("give Password or PasswordFile, not both.");
        if (User is null != (Password is null && PasswordFile is null))
            yield return new ValidationResult("User and Password (or PasswordFile) belong together.");
        if (TokenServer is { } server && !NameRules.IsHost(server))
            yield return new ValidationResult($"TokenServer: {server} is no host and no host:port.");
        foreach (var file in new[] { PasswordFile, CaFile }.OfType<string>().Where(file => !File.Exists(file)))
            yield return new ValidationResult($"there is no file {file}.");
        if (File.Exists(PasswordFile) && !File.ReadLines(PasswordFile).Any())
            yield return new ValidationResult($"{PasswordFile} is empty.");
        if (File.Exists(CaFile) && !File.ReadAllText(CaFile).Contains("BEGIN CERTIFICATE", StringComparison.Ordinal))
            yield return new ValidationResult($"there is no certificate (PEM) in {CaFile}.");
    }
}

/// <summary>A host or host:port, and no URL.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class HostNameAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is not string text || NameRules.IsHost(text)
            ? ValidationResult.Success
            : new ValidationResult(
                $"{validationContext.MemberName}: \"{text}\" is no host and no host:port, as it stands in a "
                + "Dockerfile.");
}

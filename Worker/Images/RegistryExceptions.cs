using System.Net;

namespace Builds.Worker.Images;

/// <summary>A registry answered, and the answer is no.</summary>
public sealed class RegistryRefusedException(string message, HttpStatusCode status) : Exception(message)
{
    public HttpStatusCode Status { get; } = status;

    /// <summary>401 or 403: there are no credentials, or they are wrong or not enough.</summary>
    public bool IsDenied => Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;

    public bool IsMissing => Status == HttpStatusCode.NotFound;
}

/// <summary>A registry did not answer, or said that it cannot now: another time it may.</summary>
public sealed class RegistryUnavailableException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>It is no matter of seconds: trying again at once would only make the build wait.</summary>
    public bool IsLasting { get; init; }
}

/// <summary>A registry leads to where builds may not go. The message is the rest of a sentence.</summary>
internal sealed class ClosedRegistryException(string message) : Exception(message);

using Builds.Contracts;

namespace Builds.Worker;

/// <summary>
/// The build cannot succeed as it was asked for, and trying again would not help: it is concluded with this message,
/// which says what was wrong and what to do. Anything else that is thrown is the service's own fault, and is tried
/// again.
/// </summary>
public sealed class BuildFailedException(
    string reason, FailureClass @class = FailureClass.Author, Exception? inner = null)
    : Exception(reason, inner)
{
    public FailureClass Class { get; } = @class;
}

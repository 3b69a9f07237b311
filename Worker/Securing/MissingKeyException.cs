namespace Builds.Worker.Securing;

/// <summary>Another worker may have the key: the operator's to mend, and worth another attempt.</summary>
public sealed class MissingKeyException(string message) : Exception(message);

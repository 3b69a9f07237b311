namespace Builds.Parts;

/// <summary>A real part is not there, did not start, or ended. The message says which, why, and shows the end of its log.</summary>
public sealed class PartException : Exception
{
    public PartException(string message)
        : base(message)
    {
    }

    public PartException(string message, Exception inner)
        : base(message, inner)
    {
    }

    public PartException()
    {
    }

    /// <summary>With the last lines of the part's own log.</summary>
    public static PartException WithLog(string message, string logFile)
    {
        var lines = File.Exists(logFile) ? File.ReadAllLines(logFile) : [];
        return new PartException($"{message}\nThe end of {logFile}:\n  {string.Join("\n  ", lines.TakeLast(30))}");
    }
}

namespace Builds.Gateway.Following;

/// <summary>
/// A form in which a log is sent. Each call returns when the reader has taken enough of what was sent before.
/// </summary>
public interface ILogOutput
{
    /// <param name="skip">Lines of it that the reader has already.</param>
    Task BatchAsync(LogBatch batch, int skip, CancellationToken cancel);

    /// <summary>A line of our own.</summary>
    Task NoteAsync(string note, CancellationToken cancel);

    /// <summary>The last line.</summary>
    Task EndAsync(string outcome, CancellationToken cancel);

    /// <summary>Nothing has happened for a while.</summary>
    Task IdleAsync(CancellationToken cancel);
}

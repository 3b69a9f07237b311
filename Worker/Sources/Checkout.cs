namespace Builds.Worker.Sources;

/// <summary>A commit's files on this machine, without git's own folder. Disposing of it wipes them.</summary>
public sealed class Checkout(string folder, string commit) : IAsyncDisposable
{
    /// <summary>The repository's root. There may be symbolic links in it that lead anywhere.</summary>
    public string Root => RootOf(folder);

    /// <summary>The full id of what was checked out.</summary>
    public string Commit { get; } = commit;

    public ValueTask DisposeAsync() => new(Task.Run(() => Wipe.Folder(folder)));

    internal static string RootOf(string folder) => Path.Combine(folder, "tree");
}

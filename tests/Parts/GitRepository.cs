using System.Text;

namespace Builds.Parts;

/// <summary>A bare repository, filled without a work tree.</summary>
public sealed class GitRepository
{
    private static readonly Dictionary<string, string> Surroundings = new()
    {
        ["GIT_CONFIG_GLOBAL"] = "/dev/null",
        ["GIT_CONFIG_NOSYSTEM"] = "1",
    };

    private readonly Dictionary<string, string> _heads = [];
    private int _commits;

    private GitRepository(string fullPath, string name)
    {
        FullPath = fullPath;
        Name = name;
    }

    public string FullPath { get; }

    /// <summary>Below its server's root, for example <c>team/api.git</c>.</summary>
    public string Name { get; }

    /// <param name="anyCommit">Off: only the tips of branches and tags may be asked for, as with many a server.</param>
    public static async Task<GitRepository> CreateAsync(string root, string name, bool anyCommit = true)
    {
        var path = Path.Combine(root, name);
        Directory.CreateDirectory(path);
        var repository = new GitRepository(path, name);
        await repository.GitAsync("init", "--quiet", "--bare", "--initial-branch=main");
        await repository.GitAsync("config", "uploadpack.allowAnySHA1InWant", anyCommit ? "true" : "false");
        await repository.GitAsync("config", "uploadpack.allowFilter", "true");
        return repository;
    }

    /// <summary>A commit that changes these files only, on the branch's tip; other branches start at nothing.</summary>
    /// <returns>Its hash.</returns>
    public async Task<string> CommitAsync(
        IReadOnlyDictionary<string, GitFile> files,
        string branch = "main",
        string message = "Change")
    {
        using var stream = new MemoryStream();
        Write(stream, $"commit refs/heads/{branch}\n");
        Write(stream, $"committer Builds <builds@example.org> {1_700_000_000 + _commits++} +0000\n");
        WriteData(stream, Encoding.UTF8.GetBytes(message));
        if (_heads.TryGetValue(branch, out var tip))
            Write(stream, $"from {tip}\n");
        foreach (var (path, file) in files)
            WriteFile(stream, path, file);
        Write(stream, "\n");

        await GitAsync(["fast-import", "--quiet", "--force"], stream.ToArray());
        return _heads[branch] = await GitAsync("rev-parse", "refs/heads/" + branch);
    }

    /// <summary>A commit on main: path, content, path, content, ….</summary>
    public Task<string> CommitAsync(params (string Path, GitFile File)[] files) =>
        CommitAsync(files.ToDictionary(file => file.Path, file => file.File));

    public async Task BranchAsync(string name, string commit)
    {
        await GitAsync("update-ref", "refs/heads/" + name, commit);
        _heads[name] = commit;
    }

    /// <param name="annotated">A tag object of its own, not the commit's name only.</param>
    public Task TagAsync(string name, string commit, bool annotated = false) => annotated
        ? GitAsync(
            "-c", "user.name=Builds", "-c", "user.email=builds@example.org", "tag", "--force", "--annotate",
            "--message", name, name, commit)
        : GitAsync("tag", "--force", name, commit);

    /// <summary>git in this repository.</summary>
    public Task<string> GitAsync(params string[] arguments) => GitAsync(arguments, input: null);

    private Task<string> GitAsync(string[] arguments, byte[]? input) =>
        Command.RunAsync(
            Installed.Program("git", "git"),
            ["-C", FullPath, .. arguments],
            input is null ? (ReadOnlyMemory<byte>?)null : input,
            Surroundings);

    private static void WriteFile(MemoryStream stream, string path, GitFile file)
    {
        var quoted = path
            .Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);
        switch (file.Mode)
        {
            case null:
                Write(stream, $"D \"{quoted}\"\n");
                break;
            case "160000":
                Write(stream, $"M 160000 {Encoding.ASCII.GetString(file.Content)} \"{quoted}\"\n");
                break;
            default:
                Write(stream, $"M {file.Mode} inline \"{quoted}\"\n");
                WriteData(stream, file.Content);
                break;
        }
    }

    private static void WriteData(MemoryStream stream, byte[] content)
    {
        Write(stream, $"data {content.Length}\n");
        stream.Write(content);
        Write(stream, "\n");
    }

    private static void Write(MemoryStream stream, string text) => stream.Write(Encoding.UTF8.GetBytes(text));
}

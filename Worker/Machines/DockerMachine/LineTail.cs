using System.Text;

namespace Builds.Worker.Machines.DockerMachine;

/// <summary>The whole lines that were added to a growing file since it was last asked.</summary>
internal sealed class LineTail(string path) : IDisposable
{
    private readonly StringBuilder _unfinished = new();
    private StreamReader? _reader;

    public IEnumerable<string> Next()
    {
        if (_reader is null && !File.Exists(path))
            return [];
        _reader ??= new StreamReader(
            new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));

        var lines = _unfinished.Append(_reader.ReadToEnd()).ToString().Split('\n');
        _unfinished.Clear().Append(lines[^1]);
        return lines[..^1].Select(line => line.TrimEnd()).Where(line => line.Length > 0);
    }

    public void Dispose() => _reader?.Dispose();
}

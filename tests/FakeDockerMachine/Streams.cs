namespace Builds.FakeDockerMachine;

/// <summary>Information and warnings go to standard output, errors to standard error.</summary>
internal sealed class Streams(TextWriter output, TextWriter errors)
{
    public void Say(string line) => output.WriteLine(line);

    public void Write(string text) => output.Write(text);

    /// <returns>The exit code.</returns>
    public int Fail(string line, int code = 1)
    {
        errors.WriteLine(line);
        return code;
    }
}

using System.Diagnostics;
using Builds.Parts;

namespace Builds.Contracts.Tests.Publishing;

/// <summary>The Ruby example of the README, as it stands in <c>docs/examples</c>, run by the real ruby with the real bunny.</summary>
public static class RubyPublisher
{
    public sealed record Ended(int ExitCode, string[] Lines, string Errors)
    {
        /// <summary>The last line: the outcome with digest or reason.</summary>
        public string Outcome => Lines[^1];
    }

    /// <param name="settings">Further environment variables of the script.</param>
    public static async Task<Ended> RequestAsync(
        string script,
        Uri broker,
        (string Image, string Git, string Ref, string Tag) build,
        params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo(
            Installed.Program("ruby", "ruby-bunny"),
            [script, build.Image, build.Git, build.Ref, build.Tag])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["AMQP_URL"] = broker.ToString();
        foreach (var (name, value) in settings)
            start.Environment[name] = value;

        using var ruby = Process.Start(start)!;
        var output = ruby.StandardOutput.ReadToEndAsync();
        var errors = ruby.StandardError.ReadToEndAsync();
        await ruby.WaitForExitAsync();
        return new Ended(
            ruby.ExitCode,
            (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries),
            await errors);
    }
}

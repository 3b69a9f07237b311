using Builds.Parts;

namespace Builds.Flow.Tests.BadInputs;

internal static class SourceInputs
{
    public static IEnumerable<BadInput> All =>
    [
        new("no Dockerfile")
        {
            Definition = at => at.SourceAsync(("README.md", "nothing to build\n")),
            Reason = ["There is no Dockerfile \"Dockerfile\""],
        },
        new("an empty Dockerfile")
        {
            Definition = at => at.SourceAsync(("Dockerfile", "")),
            Reason = ["Dockerfile", "FROM"],
        },
        new("a Dockerfile that cannot be parsed")
        {
            Definition = at => at.LinesAsync("THIS is no instruction\n"),
            Reason = ["line 2"],
        },
        new("a Dockerfile that is a link to /etc/passwd")
        {
            Definition = at => at.SourceAsync(("Dockerfile", GitFile.Link("/etc/passwd"))),
            Reason = ["The Dockerfile \"Dockerfile\" leads outside"],
            Hidden = ["root:"],
        },
        new("a context that is a link out of the repository")
        {
            Definition = async at => new(await at.SourceAsync(("Dockerfile", at.From), ("up", GitFile.Link("../../.."))))
            {
                ["context"] = "up",
            },
            Reason = ["The context \"up\" leads outside"],
        },
        new("a file of 200 MB")
        {
            Definition = at => at.SourceAsync(("Dockerfile", at.From), ("zeros", GitFile.Bytes(new byte[200 << 20]))),
            Class = "limit",
            Reason = ["The file zeros has 200 MiB, more than 64 MiB"],
        },
        BadInput.Taken(
            "a .dockerignore that leaves out the Dockerfile",
            at => at.SourceAsync(
                ("Dockerfile", at.From + "COPY . /all\nRUN ls /all | sed 's/^/copied: /'\n"),
                (".dockerignore", "*\n!kept\n"),
                ("kept", ""),
                ("dropped", ""))) with
        {
            Log = ["copied: kept"],
            Hidden = ["copied: dropped"],
        },
    ];
}

namespace Builds.Flow.Tests.BadInputs;

internal static class GitInputs
{
    public static IEnumerable<BadInput> All =>
    [
        new("a repository that is not there")
        {
            Definition = at => Task.FromResult(BadPlaces.At(new Uri(at.Builds.Git.Url, "none.git"))),
            Reason = ["There is no repository at", "none.git"],
        },
        new("a repository that needs credentials")
        {
            Definition = async at => BadPlaces.At(await at.LockedAsync(at.From)),
            Reason = ["needs credentials"],
        },
        new("wrong credentials for a repository")
        {
            Definition = async at => new(BadPlaces.At(await at.LockedAsync(at.From)))
            {
                ["credentials"] = new { git = "misreader", registries = Array.Empty<string>() },
            },
            Reason = ["does not accept the credentials of reader"],
            Hidden = ["wr0ng"],
        },
        new("a server with another host key")
        {
            Definition = async at =>
            {
                var repository = await at.Ssh.CreateRepositoryAsync("api.git");
                await repository.CommitAsync(("Dockerfile", at.From));
                return new(BadPlaces.At(at.Ssh.UrlOf(repository)))
                {
                    ["credentials"] = new { git = "stranger", registries = Array.Empty<string>() },
                };
            },
            Reason = ["host key that is not the known one"],
            Hidden = ["PRIVATE KEY"],
        },
        new("a ref that is not there")
        {
            Definition = async at =>
                BadPlaces.At(at.Builds.Git.UrlOf(await at.CommitAsync(("Dockerfile", at.From))), "maim"),
            Reason = ["no branch or tag maim", "its branches are main"],
        },
        new("an empty repository")
        {
            Definition = async at => BadPlaces.At(at.Builds.Git.UrlOf(await at.CommitAsync())),
            Reason = ["is empty"],
        },
        new("a git server that accepts and says nothing")
        {
            Definition = at => Task.FromResult(BadPlaces.At(at.SilentGit.Url)),
            Class = "limit",
            Reason = ["has sent nothing for 10 s"],
        },
        new("a git server that sends branches for ever")
        {
            Definition = at => Task.FromResult(BadPlaces.At(at.EndlessBranches.Url)),
            Class = "limit",
            Reason = ["sends more than 8192 KiB"],
        },
        new("a git server that sends a file for ever")
        {
            Definition = at => Task.FromResult(BadPlaces.At(at.EndlessPack.Url)),
            Class = "limit",
            Reason = ["sends more than 8192 KiB"],
        },
    ];
}

namespace Builds.Gateway.Tests;

/// <summary>What belongs into no name, tag, ref or git URL.</summary>
public static class Foreign
{
    public static IEnumerable<string> Values =>
    [
        "a b", "a\nb", "main\n", "--upload-pack=touch /tmp/x", "--upload-pack=x", "ext::sh", "ext::sh -c id", "file:///etc",
        "-oProxyCommand=id", "ssh://-oProxyCommand=id/x", new('a', 10_000),
    ];
}

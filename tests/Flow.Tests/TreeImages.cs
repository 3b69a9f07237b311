namespace Builds.Flow.Tests;

/// <summary>
/// Twelve images on four storeys over one base: two diamonds, one whose builder's base moves and not its own, one that
/// somebody builds by hand and what stands on it, one that names its base by digest.
/// </summary>
internal static class TreeImages
{
    internal const string Namespace = "team";

    internal const string Root = "library/os";

    /// <summary>Image → Dockerfile, a storey a line of the array. <c>{x}</c> is the latest of that image.</summary>
    internal static readonly (string Image, string Dockerfile)[][] Storeys =
    [
        [
            ("team/runtime", "FROM {library/os}\nRUN echo runtime >/runtime"),
            ("team/tools", "FROM {library/os}\nRUN echo tools >/tools"),
            ("team/pinned", "FROM {library/os@}\nRUN echo pinned >/pinned"),
        ],
        [
            ("team/api", "FROM {team/tools} AS tools\nRUN cat /tools\nFROM {team/runtime}\nCOPY --from=tools /tools /tools"),
            ("team/web", "FROM {team/runtime}\nRUN echo web >/web"),
            ("team/static", "FROM {team/tools} AS build\nRUN cat /etc/version /tools >/page\nFROM scratch\nCOPY --from=build /page /"),
            ("team/inner", "FROM {team/outside}\nRUN echo inner >/inner"),
        ],
        [
            ("team/shop", "FROM {team/web} AS web\nRUN cat /web\nFROM {team/api}\nCOPY --from=web /web /web"),
            ("team/jobs", "FROM {team/api}\nRUN echo jobs >/jobs"),
        ],
        [
            ("team/app", "FROM {team/shop}\nRUN echo app >/app"),
            ("team/batch", "FROM {team/jobs}\nRUN echo batch >/batch"),
        ],
    ];

    /// <summary>What is rebuilt, with what it stands on among the others.</summary>
    internal static readonly Dictionary<string, string[]> Rebuilt = new()
    {
        ["team/runtime"] = [],
        ["team/tools"] = [],
        ["team/api"] = ["team/runtime", "team/tools"],
        ["team/web"] = ["team/runtime"],
        ["team/static"] = ["team/tools"],
        ["team/shop"] = ["team/api", "team/web"],
        ["team/jobs"] = ["team/api"],
        ["team/app"] = ["team/shop"],
        ["team/batch"] = ["team/jobs"],
    };

    /// <summary>What stays behind, and what is said of it.</summary>
    internal static readonly Dictionary<string, string> Explained = new()
    {
        ["team/inner"] = "ancestor",
        ["team/outside"] = "notDefined",
        ["team/pinned"] = "pinned",
    };

    internal static IEnumerable<string> All => Rebuilt.Keys.Concat(Explained.Keys);

    internal static bool IsTop(string image) => Storeys[^1].Any(one => one.Image == image);
}

using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Builds.Worker.Sources;

/// <content>What is a git URL, and what is wrong with one that is not.</content>
public sealed partial record GitUrl
{
    public const int MaxLength = 2000;

    private static readonly SearchValues<char> Usual =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:@+%[],=");

    private static (GitUrl?, string?) Parse(string? text, bool allowFile)
    {
        if (string.IsNullOrEmpty(text))
            return Refuse("is missing");
        if (text.Length > MaxLength)
            return Refuse($"is longer than {MaxLength} characters");
        if (text.AsSpan().IndexOfAnyExcept(Usual) is var at and >= 0)
            return Refuse($"has {Spelled(text[at])} at position {at + 1}, which does not belong there");
        var match = Absolute().Match(text) is { Success: true } absolute ? absolute : ScpLike().Match(text);
        if (!match.Success)
            return Refuse("is not of the form https://host/path, ssh://user@host/path or user@host:path");
        var scheme = match.Groups["scheme"] is { Success: true } given ? given.Value.ToLowerInvariant() : "ssh";
        var user = match.Groups["user"] is { Success: true } name ? name.Value : null;
        var path = match.Groups["path"].Value;
        if ((UserFault(scheme, user) ?? PathFault(scheme, path)) is { } fault)
            return Refuse(fault);
        if (scheme == "file")
        {
            return !allowFile ? Refuse("is a file URL, which this service does not allow")
                : match.Groups["host"].Length > 0 || match.Groups["port"].Success
                    ? Refuse("is a file URL with a host; write file:///path")
                    : (new GitUrl { Scheme = scheme, Host = "", Port = 0, Path = path }, null);
        }
        if (HostOf(match.Groups["host"].Value) is not { } host)
            return Refuse("has no valid host name; write names with other letters in their xn-- form");
        var port = match.Groups["port"] is { Success: true } number
            ? int.Parse(number.Value, CultureInfo.InvariantCulture)
            : PortOf(scheme);
        if (port is < 1 or > 65535)
            return Refuse("has a port that is none");
        user = scheme == "ssh" ? user ?? "git" : null;
        return (new GitUrl { Scheme = scheme, Host = host, Port = port, User = user, Path = path }, null);
    }

    private static (GitUrl?, string?) Refuse(string why) => (null, $"The git URL {why}.");

    private static string? UserFault(string scheme, string? user) => user switch
    {
        null => null,
        _ when user.Contains(':', StringComparison.Ordinal) =>
            "has a password in it; store it as a credential instead, and change it, for it has been sent in the clear",
        _ when scheme != "ssh" => "names a user; leave it out, the credential names the user",
        _ => UserName().IsMatch(user) ? null : "has a user name that is none",
    };

    private static string? PathFault(string scheme, string path)
    {
        var segments = path.Trim('/').Split('/');
        if (segments is [""])
            return "names no repository after the host";
        if (path.StartsWith("//", StringComparison.Ordinal) || segments.Any(segment => segment is "" or "." or ".."))
            return "has an empty, '.' or '..' part in its path";
        // What starts with a dash would be read as an option by the git at the other end.
        if (segments[0].StartsWith('-'))
            return "has a path that starts with '-'";
        var escapes = scheme is "https" or "http" ? Escaped() : Unescaped();
        if (!escapes.IsMatch(path))
            return "has a '%' in its path that stands for nothing that belongs there";
        return null;
    }

    private static string? HostOf(string written)
    {
        if (written.StartsWith('['))
            return Canonical(written, AddressFamily.InterNetworkV6);
        var host = (written.EndsWith('.') ? written[..^1] : written).ToLowerInvariant();
        // 127.1, 0x7f.1 and 2130706433 are spellings of one address, which resolvers accept.
        if (NumericEnd().IsMatch(host))
            return Canonical(host, AddressFamily.InterNetwork);
        return host.Length <= 253 && HostName().IsMatch(host) ? host : null;
    }

    private static string? Canonical(string host, AddressFamily family) =>
        IPAddress.TryParse(host, out var address) && address.AddressFamily == family ? address.ToString() : null;

    private static string Spelled(char character) => character switch
    {
        ' ' => "a space",
        '\r' or '\n' => "a line break",
        > ' ' and <= '~' => $"'{character}'",
        _ => $"the character U+{(int)character:X4}",
    };

    [GeneratedRegex(
        @"\A(?<scheme>https?|ssh|file)://((?<user>[^@/]*)@)?(?<host>\[[0-9a-f:.]+\]|[a-z0-9_.-]*)"
        + @"(:(?<port>[0-9]{1,5}))?(?<path>/.*)?\z",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Absolute();

    [GeneratedRegex(
        @"\A(?<user>[^@/:]+)@(?<host>\[[0-9a-f:.]+\]|[a-z0-9_.-]+):(?<path>[^:@\[\]]+)\z",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex ScpLike();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}\z")]
    private static partial Regex UserName();

    [GeneratedRegex(@"\A[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\z")]
    private static partial Regex HostName();

    [GeneratedRegex(@"(\A|\.)(0x[0-9a-f]*|[0-9]+)\z")]
    private static partial Regex NumericEnd();

    /// <summary>No control character, dot, slash or backslash in disguise.</summary>
    [GeneratedRegex(@"\A([^%]|%(?!2[eEfF]|5[cC]|7[fF])[2-9a-fA-F][0-9a-fA-F])*\z")]
    private static partial Regex Escaped();

    [GeneratedRegex(@"\A[^%]*\z")]
    private static partial Regex Unescaped();
}

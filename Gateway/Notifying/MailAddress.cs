using System.Text.RegularExpressions;

namespace Builds.Gateway.Notifying;

/// <summary>
/// The plain form of an address that every server takes: no quotes, comments, blanks or line ends, so that none can
/// become a header or a second address.
/// </summary>
internal static partial class MailAddress
{
    public const string Words = "a plain address such as alice@example.org";

    public static bool IsOne(string text) => text.Length <= 254 && Plain().IsMatch(text);

    public static string DomainOf(string address) => address[(address.LastIndexOf('@') + 1)..];

    // dot-atom of RFC 5321, and a domain of letters, digits and dashes
    [GeneratedRegex(
        @"\A(?=.{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
        + @"@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\z")]
    private static partial Regex Plain();
}

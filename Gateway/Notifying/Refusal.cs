using System.Text.RegularExpressions;
using MailKit.Net.Smtp;

namespace Builds.Gateway.Notifying;

/// <summary>What it means that the mail server refused a mail.</summary>
public static partial class Refusal
{
    /// <summary>
    /// True only where there is no such recipient. Whatever else it refuses (to relay, the sender, the text) is a
    /// matter of settings, here or there, and the same for every mail: those are kept until somebody has mended it.
    /// </summary>
    public static bool IsForGood(SmtpErrorCode what, int status, string words)
    {
        if (what != SmtpErrorCode.RecipientNotAccepted || status is not (550 or 551 or 553))
            return false;
        var code = EnhancedCode().Match(words);
        // Exim, for one, gives no such code where it does not relay for us.
        return code.Success
            ? code.Value.Trim() is not ("5.1.7" or "5.1.8")
                && code.Value.Trim().StartsWith("5.1.", StringComparison.Ordinal)
            : !words.Contains("relay", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>RFC 3463; of those about addresses, .7 and .8 are about the sender's.</summary>
    [GeneratedRegex(@"\A\s*[245]\.\d{1,3}\.\d{1,3}\b")]
    private static partial Regex EnhancedCode();
}

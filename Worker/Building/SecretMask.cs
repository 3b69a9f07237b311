using System.Text;
using System.Text.Json;

namespace Builds.Worker.Building;

/// <summary>
/// Finds secrets in a stream of bytes however it is cut, also across line breaks, in base64 at any offset, in URL and
/// JSON encoding and in hex: an Aho-Corasick automaton, one step a byte, line ends passed over.
/// </summary>
public sealed class SecretMask
{
    /// <summary>Shorter ones would mask half the log and are no secrets.</summary>
    public const int Shortest = 4;

    private readonly int[] _next;   // state × byte → state
    private readonly int[] _depth;  // how much of some secret has been seen
    private readonly int[] _found;  // length of the longest secret that ends here, or 0

    public SecretMask(IEnumerable<string> secrets)
    {
        var patterns = secrets.SelectMany(Spellings).Where(spelling => spelling.Length >= Shortest)
            .Distinct().Select(Encoding.UTF8.GetBytes).ToList();
        Longest = patterns.Count == 0 ? 0 : patterns.Max(pattern => pattern.Length);

        var size = 1 + patterns.Sum(pattern => pattern.Length);
        (_next, _depth, _found) = (new int[size * 256], new int[size], new int[size]);
        var states = Grow(patterns);
        Link(states);
    }

    public int Longest { get; }

    public int Step(int state, byte value) => _next[(state << 8) | value];

    public int Depth(int state) => _depth[state];

    public int Found(int state) => _found[state];

    private int Grow(List<byte[]> patterns)
    {
        var states = 1;
        foreach (var pattern in patterns)
        {
            var state = 0;
            foreach (var value in pattern)
            {
                ref var next = ref _next[(state << 8) | value];
                if (next == 0)
                {
                    next = states++;
                    _depth[next] = _depth[state] + 1;
                }

                state = next;
            }

            _found[state] = pattern.Length;
        }

        return states;
    }

    // Breadth first, so that the state to fall back to is complete before it is needed.
    private void Link(int states)
    {
        var fallback = new int[states];
        var queue = new Queue<int>();
        for (var value = 0; value < 256; value++)
        {
            if (_next[value] != 0)
                queue.Enqueue(_next[value]);
        }

        while (queue.TryDequeue(out var state))
        {
            _found[state] = Math.Max(_found[state], _found[fallback[state]]);
            for (var value = 0; value < 256; value++)
            {
                ref var next = ref _next[(state << 8) | value];
                var otherwise = _next[(fallback[state] << 8) | value];
                if (next == 0)
                {
                    next = otherwise;
                }
                else
                {
                    fallback[next] = otherwise;
                    queue.Enqueue(next);
                }
            }
        }
    }

    private static IEnumerable<string> Spellings(string secret)
    {
        var lines = secret.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var joined = string.Concat(lines);
        if (joined.Length < Shortest)
            yield break;

        yield return joined;
        var telling = lines.Where(line => line.Length >= 16 && !line.StartsWith("-----"));
        foreach (var line in lines.Length > 1 ? telling : [])
            yield return line;

        yield return Uri.EscapeDataString(joined);
        yield return LowerHex(Uri.EscapeDataString(joined));
        yield return JsonEncodedText.Encode(joined).ToString();
        yield return Convert.ToHexString(Encoding.UTF8.GetBytes(joined));
        yield return Convert.ToHexStringLower(Encoding.UTF8.GetBytes(joined));

        foreach (var raw in new[] { secret, joined }.Distinct())
        for (var offset = 0; offset < 3; offset++)
        {
            var encoded = Base64Within(Encoding.UTF8.GetBytes(raw), offset);
            yield return encoded;
            yield return encoded.Replace('+', '-').Replace('/', '_');
        }
    }

    // The characters that depend on the secret alone, whatever stands before and behind it.
    private static string Base64Within(byte[] secret, int offset)
    {
        var encoded = Convert.ToBase64String([.. new byte[offset], .. secret]).TrimEnd('=');
        var behind = (secret.Length + offset) % 3 == 0 ? 0 : 1;
        var before = offset == 0 ? 0 : offset + 1;
        return encoded.Length > before + behind ? encoded[before..^behind] : "";
    }

    private static string LowerHex(string escaped)
    {
        var text = new StringBuilder(escaped);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%')
                (text[i + 1], text[i + 2]) = (char.ToLowerInvariant(text[i + 1]), char.ToLowerInvariant(text[i + 2]));
        }

        return text.ToString();
    }
}

using System.Text;
using System.Text.Json;

namespace Builds.Worker.Building;

/// <summary>
/// Finds secrets in a stream of bytes however it is cut, also across line breaks, in base64 at any offset, in URL and
/// JSON encoding and in hex: an Aho-Corasick automaton, line ends passed over. A key of four thousand bits has eighty
/// thousand characters in all its spellings: so a state takes some twenty bytes, and not a row of 256.
/// </summary>
public sealed class SecretMask
{
    /// <summary>Shorter ones would mask half the log and are no secrets.</summary>
    public const int Shortest = 4;

    private readonly int[] _first = new int[256]; // byte → state, from the beginning
    private readonly byte[] _value;   // by which a state is reached
    private readonly int[] _child;    // one of those that follow a state, or 0
    private readonly int[] _sibling;  // another that follows the same one, or 0
    private readonly int[] _fallback; // what has been seen too, where a state leads no further
    private readonly int[] _depth;    // how much of some secret has been seen
    private readonly int[] _found;    // length of the longest secret that ends here, or 0

    public SecretMask(IEnumerable<string> secrets)
    {
        var patterns = secrets.SelectMany(Spellings).Where(spelling => spelling.Length >= Shortest)
            .Distinct().Select(Encoding.UTF8.GetBytes).ToList();
        Longest = patterns.Count == 0 ? 0 : patterns.Max(pattern => pattern.Length);

        var most = 1 + patterns.Sum(pattern => pattern.Length);
        _value = new byte[most];
        (_child, _sibling, _fallback) = (new int[most], new int[most], new int[most]);
        (_depth, _found) = (new int[most], new int[most]);
        Grow(patterns);
        Link();
    }

    public int Longest { get; }

    public int Step(int state, byte value)
    {
        while (state != 0)
        {
            if (Next(state, value) is var next and not 0)
                return next;
            state = _fallback[state];
        }

        return _first[value];
    }

    public int Depth(int state) => _depth[state];

    public int Found(int state) => _found[state];

    private int Next(int state, byte value)
    {
        if (state == 0)
            return _first[value];
        var next = _child[state];
        while (next != 0 && _value[next] != value)
            next = _sibling[next];
        return next;
    }

    private void Grow(List<byte[]> patterns)
    {
        var states = 1;
        foreach (var pattern in patterns)
        {
            var state = 0;
            foreach (var value in pattern)
            {
                var next = Next(state, value);
                if (next == 0)
                {
                    next = states++;
                    (_value[next], _depth[next]) = (value, _depth[state] + 1);
                    if (state == 0)
                        _first[value] = next;
                    else
                        (_sibling[next], _child[state]) = (_child[state], next);
                }

                state = next;
            }

            _found[state] = pattern.Length;
        }
    }

    // Breadth first, so that the state to fall back to is complete before it is needed.
    private void Link()
    {
        var queue = new Queue<int>(_first.Where(state => state != 0));
        while (queue.TryDequeue(out var state))
        {
            _found[state] = Math.Max(_found[state], _found[_fallback[state]]);
            for (var next = _child[state]; next != 0; next = _sibling[next])
            {
                _fallback[next] = Step(_fallback[state], _value[next]);
                queue.Enqueue(next);
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

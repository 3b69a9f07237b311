using System.Buffers;
using System.Text;

namespace Builds.Worker.Building;

/// <summary>
/// The output of one step on its way from pieces to lines: secrets masked, control characters made visible.
/// </summary>
public sealed class StepOutput(SecretMask mask, int longestLine)
{
    private const byte Masked = 0x01; // cannot be told from a control character, which is not kept either

    private static readonly SearchValues<byte> Unprintable =
        SearchValues.Create([.. Enumerable.Range(0, 32).Where(c => c != '\t').Select(c => (byte)c), 0x7f, 0xc2]);

    private readonly int[] _seen = new int[Math.Max(1, mask.Longest)]; // where the last bytes that are no line ends lie
    private byte[] _bytes = new byte[4096];
    private int _length;   // what is kept
    private int _checked;  // up to here no secret can begin any more
    private int _state;
    private long _count;   // of bytes that are no line ends
    private long _cut;     // bytes of the line in hand that are beyond the limit

    /// <summary>Takes a piece and hands out the lines that are complete and cannot hold a secret any more.</summary>
    public void Add(ReadOnlySpan<byte> piece, List<string> lines)
    {
        Append(piece);
        TakeLines(lines);
    }

    /// <summary>The end of the step: hands out what is left.</summary>
    public void Finish(List<string> lines)
    {
        _checked = _length;
        TakeLines(lines);
        if (_length > 0 || _cut > 0)
            lines.Add(Line(_bytes.AsSpan(0, _length)));
        (_length, _checked, _state, _cut, _count) = (0, 0, 0, 0, 0);
    }

    /// <summary>
    /// Hands out everything, the last line as if it had ended. A secret that has begun there is still found when it
    /// goes on; of its beginning no more is shown than is too short for a secret.
    /// </summary>
    public void Break(List<string> lines)
    {
        var begun = mask.Depth(_state);
        if (begun >= SecretMask.Shortest)
            Mask(begun);
        _checked = _length;
        TakeLines(lines);
        if (_length > 0 || _cut > 0)
            lines.Add(Line(_bytes.AsSpan(0, _length)));
        Drop(_length);
    }

    private void Append(ReadOnlySpan<byte> piece)
    {
        if (_bytes.Length < _length + piece.Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + piece.Length));
        piece.CopyTo(_bytes.AsSpan(_length));
        var end = _length + piece.Length;

        if (mask.Longest == 0)
            _checked = end;
        else
            Search(_length, end);
        _length = end;
    }

    private void Search(int from, int end)
    {
        for (var i = from; i < end; i++)
        {
            if (_bytes[i] is (byte)'\n' or (byte)'\r')
                continue;

            _seen[_count++ % _seen.Length] = i;
            _state = mask.Step(_state, _bytes[i]);
            Mask(mask.Found(_state));
        }

        var depth = mask.Depth(_state);
        _checked = depth == 0 ? end : Math.Max(0, _seen[(_count - depth) % _seen.Length]);
    }

    // Of the last bytes those that are not handed out yet.
    private void Mask(int count)
    {
        for (var back = 1; back <= count; back++)
        {
            var at = _seen[(_count - back) % _seen.Length];
            if (at >= 0)
                _bytes[at] = Masked;
        }
    }

    private void TakeLines(List<string> lines)
    {
        var start = 0;
        while (true)
        {
            var rest = _bytes.AsSpan(start, _checked - start);
            var length = rest.IndexOfAny((byte)'\n', (byte)'\r');
            if (length < 0)
                break;

            var end = length + 1;
            if (rest[length] == '\r')
            {
                if (end == rest.Length)
                    break; // a line feed may follow
                if (rest[end] == '\n')
                    end++;
            }

            lines.Add(Line(rest[..length]));
            start += end;
        }

        Drop(start);
        if (_checked > longestLine)
            CutLine();
    }

    // Keeps the beginning of a line that grows without end, and counts the rest.
    private void CutLine()
    {
        var surplus = _checked - longestLine;
        _cut += surplus;
        Move(from: _checked, to: longestLine);
        _checked = longestLine;
    }

    private void Drop(int count)
    {
        Move(from: count, to: 0);
        _checked -= count;
    }

    private void Move(int from, int to)
    {
        if (from == to)
            return;
        _bytes.AsSpan(from, _length - from).CopyTo(_bytes.AsSpan(to));
        _length -= from - to;
        for (var i = 0; i < _seen.Length; i++)
            _seen[i] = Math.Max(-1, _seen[i] - (from - to));
    }

    private string Line(ReadOnlySpan<byte> line)
    {
        var cut = _cut + Math.Max(0, line.Length - longestLine);
        _cut = 0;
        var kept = line[..Math.Min(line.Length, longestLine)];
        var text = Encoding.UTF8.GetString(kept);
        if (kept.IndexOfAny(Unprintable) >= 0)
            text = Printable(text);
        return cut == 0 ? text : $"{text}… [line cut: {cut} bytes more]";
    }

    private static string Printable(string text)
    {
        var clean = new StringBuilder(text.Length);
        var masked = false;
        foreach (var c in text)
        {
            if (c == (char)Masked)
                clean.Append(masked ? "" : "***"); // once, whatever the length of the secret
            else if (c < ' ' && c != '\t')
                clean.Append((char)(0x2400 + c)); // a picture of it: nothing a terminal would obey
            else if (c == 0x7f)
                clean.Append('\u2421');
            else if (c is >= '\u0080' and < '\u00a0')
                clean.Append('\ufffd');
            else
                clean.Append(c);
            masked = c == (char)Masked;
        }

        return clean.ToString();
    }
}

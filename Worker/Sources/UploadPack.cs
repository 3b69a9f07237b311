using System.Text;

namespace Builds.Worker.Sources;

/// <summary>
/// The client's side of gitprotocol-pack, for somebody who has nothing yet and wants one thing: one request, one
/// answer.
/// </summary>
internal static class UploadPack
{
    private static readonly string[] Wanted = ["side-band-64k", "ofs-delta", "no-progress"];

    public static async Task<PackAnswer> AskAsync(
        GitServer server,
        RefAdvertisement refs,
        IReadOnlyCollection<string> wants,
        bool shallow,
        CancellationToken cancel)
    {
        if (!refs.Can("side-band-64k"))
            throw new GitProtocolException("it is a git server of before 2006");
        shallow &= refs.Can("shallow");
        var capabilities = string.Join(' ', Wanted.Where(refs.Can));
        var request = new StringBuilder();
        foreach (var (index, want) in wants.Index())
            request.Append(PktLine.Of($"want {want}{(index == 0 ? " " + capabilities : "")}\n"));
        request.Append(shallow ? PktLine.Of("deepen 1\n") : "").Append(PktLine.Flush).Append(PktLine.Of("done\n"));
        var answer = await server.AnswerAsync(request.ToString(), cancel);
        var buffer = new byte[PktLine.MaxLength];
        List<string> edges = [];
        while (shallow && PktLine.ReadText(answer, buffer) is { } line)
        {
            if (line.StartsWith("shallow ", StringComparison.Ordinal) && GitText.IsCommit(line[8..]))
                edges.Add(line[8..]);
        }
        return PktLine.ReadText(answer, buffer) == "NAK"
            ? new PackAnswer(edges, shallow, new SideBand(answer, buffer))
            : throw new GitProtocolException("it does not answer a request for a pack");
    }
}

/// <param name="Edges">Commits whose parents are left out.</param>
internal sealed record PackAnswer(IReadOnlyList<string> Edges, bool Shallow, SideBand Pack);

/// <summary>The pack, taken out of the channel that it shares with messages.</summary>
internal sealed class SideBand(Stream answer, byte[] buffer)
{
    private int _at;
    private int _end;

    /// <returns>0 at its end.</returns>
    public int Read(Span<byte> into)
    {
        while (_at == _end)
        {
            var length = PktLine.Read(answer, buffer);
            if (length < 0)
                return 0;
            if (length > 0 && buffer[0] == 3)
                throw new GitRefusedException(Encoding.UTF8.GetString(buffer, 1, length - 1));
            if (length > 0 && buffer[0] == 1)
                (_at, _end) = (1, length);
        }
        var read = Math.Min(into.Length, _end - _at);
        buffer.AsSpan(_at, read).CopyTo(into);
        _at += read;
        return read;
    }
}

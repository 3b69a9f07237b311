using System.Text;
using LibGit2Sharp;

namespace Builds.Worker.Sources;

/// <summary>
/// Hands libgit2 a pack that has been fetched already, as if it were a server with one branch. libgit2 itself never
/// goes to the network: it has no time-outs, follows redirects, and fetches every branch there is.
/// </summary>
internal sealed class PackTransport : RpcSmartSubtransport
{
    private const string Url = "builds://pack";
    private static readonly Lazy<object> Registered =
        new(() => GlobalSettings.RegisterSmartSubtransport<PackTransport>("builds"));

    // libgit2 makes the instance and knows only its type; a checkout's process fetches one pack at a time.
    private static PackAnswer? s_answer;
    private static string s_commit = "";
    private static Exception? s_fault;
    private int _steps;

    /// <summary>A bare repository with what the pack holds.</summary>
    public static void Store(PackAnswer answer, string commit, string gitFolder, CheckoutMeter meter)
    {
        _ = Registered.Value;
        (s_answer, s_commit, s_fault) = (answer, commit, null);
        try
        {
            Repository.Clone(Url, gitFolder, new CloneOptions
            {
                IsBare = true,
                FetchOptions =
                {
                    Depth = answer.Shallow ? 1 : 0,
                    TagFetchMode = TagFetchMode.None,
                    OnTransferProgress = _ =>
                    {
                        meter.Moved();
                        return true;
                    },
                },
            });
        }
        catch (LibGit2SharpException) when (s_fault is not null)
        {
            throw s_fault;
        }
    }

    protected override SmartSubtransportStream Action(string url, GitSmartSubtransportAction action)
    {
        if (action == GitSmartSubtransportAction.UploadPackList)
        {
            return new Answer(this, PktLine.Of("# service=git-upload-pack\n") + PktLine.Flush
                + PktLine.Of($"{s_commit} HEAD\0shallow symref=HEAD:refs/heads/build\n")
                + PktLine.Of($"{s_commit} refs/heads/build\n") + PktLine.Flush, null);
        }
        // It asks for the edges first and says "done" in a second request, where there can be any.
        var edges = s_answer!.Edges.Select(edge => PktLine.Of($"shallow {edge}"));
        return s_answer.Shallow && _steps++ == 0
            ? new Answer(this, string.Concat(edges) + PktLine.Flush, null)
            : new Answer(this, PktLine.Of("NAK\n"), s_answer.Pack);
    }

    private sealed class Answer(PackTransport transport, string text, SideBand? pack)
        : SmartSubtransportStream(transport)
    {
        private ReadOnlyMemory<byte> _text = Encoding.ASCII.GetBytes(text);

        public override int Read(Stream dataStream, long length, out long bytesRead)
        {
            bytesRead = 0;
            try
            {
                Span<byte> buffer = stackalloc byte[(int)Math.Min(length, 16 * 1024)];
                var read = Math.Min(_text.Length, buffer.Length);
                _text.Span[..read].CopyTo(buffer);
                _text = _text[read..];
                if (read == 0 && pack is not null)
                    read = pack.Read(buffer);
                dataStream.Write(buffer[..read]);
                bytesRead = read;
                return 0;
            }
            catch (Exception fault)
            {
                s_fault = fault; // only a number gets through libgit2
                throw;
            }
        }

        /// <summary>What it asks for was asked for already.</summary>
        public override int Write(Stream dataStream, long length) => 0;
    }
}

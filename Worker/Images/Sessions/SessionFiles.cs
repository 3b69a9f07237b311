using Grpc.Core;

namespace Builds.Worker.Images.Sessions;

/// <summary>The Dockerfile and the context, for which BuildKit asks one after the other.</summary>
internal sealed class SessionFiles(Dockerfile dockerfile, BuildContext context) : FileSync.FileSyncBase
{
    private const string IgnoreFile = ".dockerignore";

    /// <summary>Of the Dockerfile, which is sent by itself.</summary>
    public string DockerfileName { get; } = Path.GetFileName(dockerfile.Path);

    public override async Task DiffCopy(
        IAsyncStreamReader<Packet> requestStream, IServerStreamWriter<Packet> responseStream, ServerCallContext call)
    {
        using var sending = new FileSending(requestStream, responseStream, call.CancellationToken);
        await sending.SendAsync(Wanted(call.RequestHeaders));
    }

    private IEnumerable<SessionFile> Wanted(Metadata headers) => headers.GetValue("dir-name") switch
    {
        "dockerfile" => [SessionFile.Of(DockerfileName, dockerfile.Text)],
        // It looks for the ignore file first, to say what it does without; that is left out here already.
        "context" when (headers.GetValue("include-patterns") ?? headers.GetValue("followpaths")) is IgnoreFile =>
            context.Entries().Where(entry => entry.Path == IgnoreFile).Select(SessionFile.Of),
        "context" => context.Entries().Select(SessionFile.Of),
        var other => throw new RpcException(new Status(StatusCode.NotFound, $"There are no files \"{other}\".")),
    };
}

using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Builds.Worker.Images.Sessions;

/// <summary>Gives a server the one connection that is there already: the one that was opened to a daemon, which calls
/// back over it.</summary>
internal sealed class SessionListener(Stream stream) : IConnectionListenerFactory, IConnectionListener
{
    private readonly TaskCompletionSource<ConnectionContext?> _end = new(
        TaskCreationOptions.RunContinuationsAsynchronously);

    private int _accepted;

    public EndPoint EndPoint { get; } = new SessionEndPoint();

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken) =>
        new(this);

    public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _accepted, 1) != 0)
            return new ValueTask<ConnectionContext?>(_end.Task.WaitAsync(cancellationToken));
        return new ValueTask<ConnectionContext?>(
            new SessionConnection(stream, new Duplex(PipeReader.Create(stream), PipeWriter.Create(stream))));
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken)
    {
        _end.TrySetResult(null);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync(CancellationToken.None);

    /// <summary>The framework's own ends the process when it is aborted and disposed of at once: it cancels, a little
    /// later, a source that is disposed of.</summary>
    private sealed class SessionConnection : DefaultConnectionContext
    {
        private readonly Stream _stream;
        private readonly CancellationTokenSource _closed = new(); // without a timer, so nothing is there to dispose of

        public SessionConnection(Stream stream, Duplex pipe) : base("daemon", pipe, pipe)
        {
            _stream = stream;
            ConnectionClosed = _closed.Token;
        }

        public override void Abort(ConnectionAbortedException abortReason)
        {
            _stream.Dispose();
            _closed.CancelAsync(); // by another thread: who listens may hold the locks of this one
        }
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class SessionEndPoint : EndPoint
    {
        public override string ToString() => "daemon";
    }
}

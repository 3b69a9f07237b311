using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;

namespace Builds.Worker.Images;

/// <summary>
/// Takes a daemon's answer in as fast as it comes and gives it out as fast as it is wanted, over a file. BuildKit does
/// not slow a build down for whoever listens; it gathers in the daemon's memory what he has not taken, and the BuildKit
/// of Docker 20.10, once that is more than 1 MiB, reports nothing but empty messages for ever.
/// </summary>
internal sealed class Spool : IAsyncDisposable
{
    private const int Piece = 1 << 16;

    /// <summary>Beyond it the daemon has to wait after all.</summary>
    private const long MostBehind = 1L << 30;

    /// <summary>While nothing of value comes: enough to see the end, too little to keep a core busy.</summary>
    private static readonly TimeSpan Slowness = TimeSpan.FromMilliseconds(50);

    private readonly Stream _source;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop;
    private readonly SafeFileHandle _file;
    private readonly Lock _positions = new();
    private readonly SemaphoreSlim _news = new(0);
    private readonly SemaphoreSlim _room = new(0);
    private readonly Pipe _pipe = new();
    private readonly Task _work;
    private long _written;
    private long _read;
    private bool _isFull;
    private Exception? _fault;
    private volatile bool _isEnded;

    /// <param name="folder">Where the file is, which nobody else may read: secrets are not masked yet.</param>
    public Spool(Stream source, string folder, TimeProvider clock, CancellationToken cancel)
    {
        (_source, _clock) = (source, clock);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        _file = Open(Path.Combine(folder, Path.GetRandomFileName()));
        _work = Task.WhenAll(FillAsync(_stop.Token), FeedAsync(_stop.Token));
    }

    public PipeReader Reader => _pipe.Reader;

    /// <summary>From now on the daemon may wait.</summary>
    public bool IsSlow { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _pipe.Reader.CompleteAsync();
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // the reader of the pipe has been told
        _file.Dispose();
        _stop.Dispose();
        _news.Dispose();
        _room.Dispose();
    }

    private async Task FillAsync(CancellationToken cancel)
    {
        var piece = new byte[Piece];
        try
        {
            while (await _source.ReadAsync(piece, cancel) is > 0 and var count)
            {
                if (Keep(piece.AsSpan(0, count)))
                    await _room.WaitAsync(cancel);
                if (IsSlow)
                    await Task.Delay(Slowness, _clock, cancel);
            }
        }
        catch (Exception e)
        {
            _fault = e; // for the reader, behind what came before it
        }

        _isEnded = true;
        _news.Release();
    }

    private async Task FeedAsync(CancellationToken cancel)
    {
        Exception? fault = null;
        try
        {
            while (true)
            {
                var isLast = _isEnded; // asked before taking, so that what came in between is taken
                var count = Take(_pipe.Writer.GetMemory(Piece).Span[..Piece]);
                if (count > 0)
                {
                    _pipe.Writer.Advance(count);
                    if ((await _pipe.Writer.FlushAsync(cancel)).IsCompleted)
                        break;
                }
                else if (isLast)
                {
                    fault = _fault;
                    break;
                }
                else
                    await _news.WaitAsync(cancel);
            }
        }
        catch (Exception e)
        {
            fault = e;
            throw;
        }
        finally
        {
            await _pipe.Writer.CompleteAsync(fault);
        }
    }

    private static SafeFileHandle Open(string path)
    {
#pragma warning disable CA1416 // a worker runs on Linux
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0,
        };
#pragma warning restore CA1416
        var file = new FileStream(path, options);
        File.Delete(path); // it lives until it is closed, also when this process is killed
        return file.SafeFileHandle;
    }

    /// <returns>Whether to wait for <see cref="_room"/>.</returns>
    private bool Keep(ReadOnlySpan<byte> piece)
    {
        lock (_positions)
        {
            RandomAccess.Write(_file, piece, _written);
            _written += piece.Length;
            _isFull = _written - _read > MostBehind;
            if (_news.CurrentCount == 0)
                _news.Release();
            return _isFull;
        }
    }

    private int Take(Span<byte> room)
    {
        lock (_positions)
        {
            var count = RandomAccess.Read(_file, room[..(int)Math.Min(room.Length, _written - _read)], _read);
            _read += count;
            if (_read == _written)
                _read = _written = 0; // the file does not grow while nobody is behind
            if (_isFull && _written - _read <= MostBehind / 2)
            {
                _isFull = false;
                _room.Release();
            }

            return count;
        }
    }
}

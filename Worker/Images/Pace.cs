using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Builds.Worker.Images;

/// <summary>
/// Holds the RUNs of a machine to the pace at which their output is read: each portion of it, at most 4 KiB, takes a
/// token from a pipe, and its arrival here puts one back. BuildKit by itself never waits for whoever listens: it
/// gathers in the daemon's memory what he has not taken, and that of Docker 20.10 breaks when 1 MiB is gathered; here
/// half of that is the most that can be on its way.
/// </summary>
internal sealed class Pace : IDisposable
{
    /// <summary>Where nothing has come for this long nothing is on its way, as the daemon reports ten times a second:
    /// the tokens that are not here have been lost with the portions of a RUN that was killed.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);

    private const int Portions = 128;
    private const nuint Readable = 0x541B; // FIONREAD

    private static readonly byte[] Tokens = new byte[Portions];

    private readonly FileStream _pipe;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private bool _isBehind;
    private bool _hasArrived;

    /// <summary>From now on the RUNs wait, until this is disposed of.</summary>
    public Pace(string pipe, TimeProvider clock)
    {
        _pipe = new FileStream(pipe, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        Put(Portions);
        _timer = clock.CreateTimer(_ => MakeGood(), null, Quiet, Quiet);
    }

    /// <summary>Whether something is being taken in: more may have come behind it.</summary>
    public bool IsBehind
    {
        set
        {
            lock (_gate)
                _isBehind = value;
        }
    }

    /// <summary>A portion was read.</summary>
    public void Arrived()
    {
        lock (_gate)
        {
            _hasArrived = true;
            Put(1);
        }
    }

    private void MakeGood()
    {
        lock (_gate)
        {
            if (!_isBehind && !_hasArrived)
                Put(Portions);
            _hasArrived = false;
        }
    }

    // Not everything that arrives has taken a token, so there never are more than at the beginning.
    private void Put(int portions)
    {
        if (!_pipe.CanWrite)
            return;
        if (CountOf(_pipe.SafeFileHandle, Readable, out var there) < 0)
            throw new Win32Exception();
        _pipe.Write(Tokens, 0, Math.Min(portions, Portions - there));
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _timer.Dispose();
            _pipe.Dispose();
        }
    }

    [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int CountOf(SafeFileHandle file, nuint request, out int count);
}

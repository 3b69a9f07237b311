using System.Runtime.InteropServices;
using Builds.Parts;
using Builds.Worker.Images;
using Microsoft.Win32.SafeHandles;

namespace Builds.Worker.Tests.Images;

/// <summary>A RUN that is killed takes tokens with it that no arrival brings back.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class When_portions_of_output_are_lost : IDisposable
{
    private const int All = 128;
    private const nuint Readable = 0x541B; // FIONREAD

    private readonly TempFolder _folder = new("pace");
    private readonly Clock _clock = new();
    private Pace _pace = null!;
    private FileStream _tokens = null!;

    [SetUp]
    public async Task A_pace_of_which_all_is_taken()
    {
        var pipe = _folder.File("tokens");
        await Command.RunAsync("mkfifo", pipe);
        _pace = new Pace(pipe, _clock);
        _tokens = new FileStream(pipe, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        Take(All);
    }

    public void Dispose()
    {
        _pace.Dispose();
        _tokens.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void Should_let_the_others_go_on_once_nothing_can_be_on_its_way()
    {
        _clock.Tick();
        Assert.That(There(), Is.EqualTo(All));
    }

    [Test]
    public void Should_hold_them_while_something_comes()
    {
        _pace.Arrived();
        _clock.Tick();
        Assert.That(There(), Is.EqualTo(1), "what came tells that more may come");

        _clock.Tick();
        Assert.That(There(), Is.EqualTo(All));
    }

    [Test]
    public void Should_hold_them_while_what_has_come_is_not_taken_in()
    {
        _pace.IsBehind = true;
        _clock.Tick();
        _clock.Tick();
        Assert.That(There(), Is.Zero);

        _pace.IsBehind = false;
        _clock.Tick();
        Assert.That(There(), Is.EqualTo(All));
    }

    [Test]
    public void Should_give_no_more_than_there_were()
    {
        _clock.Tick();
        Take(28);
        _clock.Tick();
        _clock.Tick();
        _pace.Arrived();
        Assert.That(There(), Is.EqualTo(All));
    }

    private void Take(int count) => _tokens.ReadExactly(new byte[count]);

    private int There() => CountOf(_tokens.SafeFileHandle, Readable, out var there) == 0 ? there : -1;

    [DllImport("libc", EntryPoint = "ioctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int CountOf(SafeFileHandle file, nuint request, out int count);

    private sealed class Clock : TimeProvider
    {
        private Action _due = () => { };

        public void Tick() => _due();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Assert.That((dueTime, period), Is.EqualTo((Pace.Quiet, Pace.Quiet)));
            _due = () => callback(state);
            return new Timer();
        }

        private sealed class Timer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}

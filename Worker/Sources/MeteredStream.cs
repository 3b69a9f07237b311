namespace Builds.Worker.Sources;

/// <summary>Everything that comes from a git server comes through here.</summary>
internal sealed class MeteredStream(Stream inner, CheckoutMeter meter) : Stream
{
    private static NotSupportedException Unsupported => new();

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw Unsupported;
    public override long Position { get => throw Unsupported; set => throw Unsupported; }

    public override int Read(Span<byte> buffer)
    {
        var read = inner.Read(buffer);
        meter.Received(read);
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw Unsupported;
    public override void SetLength(long value) => throw Unsupported;
    public override void Write(byte[] buffer, int offset, int count) => throw Unsupported;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}

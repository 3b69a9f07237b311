using System.Text;
using Builds.Worker.Building;

namespace Builds.Worker.Images;

/// <summary>Shows what the classic builder prints; a step begins with its line <c>Step 2/5 : RUN …</c>.</summary>
internal sealed class ClassicProgress(BuildLogStream log)
{
    public string Step { get; private set; } = "build";

    public async ValueTask ShowAsync(string stream, CancellationToken cancel)
    {
        if (stream.StartsWith("Step ", StringComparison.Ordinal) && stream.Contains(" : ", StringComparison.Ordinal))
            Step = StepName.Clean(stream.TrimEnd());
        await log.WriteAsync(Step, Encoding.UTF8.GetBytes(stream), cancel);
    }
}

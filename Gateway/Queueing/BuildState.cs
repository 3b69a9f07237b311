using System.Text.Json;
using Builds.Contracts;

namespace Builds.Gateway.Queueing;

/// <summary>What stands in <c>build.state</c>: one of these, or the outcome in camel case.</summary>
public static class BuildState
{
    /// <summary>Stored; its message has not been confirmed by the broker yet.</summary>
    public const string Accepted = "accepted";

    /// <summary>Its message is with the broker, or on the way there once more.</summary>
    public const string Queued = "queued";

    /// <summary>No message of it is anywhere: it is sent again when its turn comes.</summary>
    public const string Waiting = "waiting";

    public const string Running = "running";

    public static string Of(BuildOutcome outcome) => JsonNamingPolicy.CamelCase.ConvertName(outcome.ToString());

    public static bool IsFinished(string state) => state is not (Accepted or Queued or Waiting or Running);
}

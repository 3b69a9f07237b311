namespace Builds.Flow.Tests.BadInputs;

/// <summary>Something that somebody hands in, and what the system has to make of it.</summary>
/// <param name="Name">Completes "given …".</param>
public sealed record BadInput(string Name)
{
    /// <summary>The body of the image's definition.</summary>
    public required Func<BadPlaces, Task<Dictionary<string, object>>> Definition { get; init; }

    /// <summary>What <c>POST /v1/builds</c> gets beside the image.</summary>
    public object Request { get; init; } = new { };

    public string State { get; init; } = "failed";

    /// <summary>Who can mend it.</summary>
    public string? Class { get; init; } = "author";

    /// <summary>What the sentence to that person has to name.</summary>
    public string[] Reason { get; init; } = [];

    /// <summary>What the log has to hold.</summary>
    public string[] Log { get; init; } = [];

    /// <summary>What neither the log nor the reason may hold.</summary>
    public string[] Hidden { get; init; } = [];

    /// <summary>A further look at the log.</summary>
    public Action<string> Check { get; init; } = _ => { };

    /// <summary>Odd, and nevertheless to be built.</summary>
    public static BadInput Taken(string name, Func<BadPlaces, Task<Dictionary<string, object>>> definition) =>
        new(name) { Definition = definition, State = "succeeded", Class = null };

    public override string ToString() => Name;
}

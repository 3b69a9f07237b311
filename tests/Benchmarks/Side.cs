namespace Builds.Benchmarks;

/// <summary>One way to do a thing, and how long it took in each round.</summary>
/// <param name="measure">Given the round, does it once and returns seconds.</param>
public sealed class Side(string name, Func<int, Task<double>> measure)
{
    private readonly List<double> _values = [];

    public string Name => name;

    public IReadOnlyList<double> Values => _values;

    /// <summary>All sides in every round, taking turns at being first. Round 0 warms up, and does not count.</summary>
    public static async Task RunAsync(int rounds, bool warmUp, params Side[] sides)
    {
        for (var round = warmUp ? 0 : 1; round <= rounds; round++)
        {
            for (var i = 0; i < sides.Length; i++)
                await sides[(round + i) % sides.Length].MeasureAsync(round);
        }
    }

    private async Task MeasureAsync(int round)
    {
        var seconds = await measure(round);
        if (round > 0)
            _values.Add(seconds);
    }
}

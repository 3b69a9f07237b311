using System.Globalization;

namespace Builds.Benchmarks;

/// <summary>One line of the table: what was measured in each round, and the same by the other side of the pair.</summary>
/// <param name="Values">By round, in <paramref name="Unit"/>.</param>
/// <param name="Against">The other side in the same rounds; null where there is none.</param>
public sealed record Row(string What, string Unit, IReadOnlyList<double> Values, string Aim, Side? Against = null)
{
    public const string Head =
        "| what | median | least … most | against | its median | difference | ratio | we aim at |\n"
        + "|---|---|---|---|---|---|---|---|";

    public override string ToString()
    {
        var mine = Median(Values);
        var cells = Against is null
            ? ["–", "–", "–", "–"]
            : Compare(mine, Median(Against.Values));
        return $"| {What} | {Show(mine)} {Unit} | {Show(Values.Min())} … {Show(Values.Max())} | {string.Join(" | ", cells)} | {Aim} |";
    }

    private string[] Compare(double mine, double other) =>
    [
        Against!.Name,
        $"{Show(other)} {Unit}",
        $"{(mine < other ? "" : "+")}{Show(mine - other)} {Unit}",
        (mine / other).ToString("0.00", CultureInfo.InvariantCulture),
    ];

    private static double Median(IReadOnlyList<double> values)
    {
        var ordered = values.Order().ToList();
        var middle = ordered.Count / 2;
        return ordered.Count % 2 == 1 ? ordered[middle] : (ordered[middle - 1] + ordered[middle]) / 2;
    }

    private static string Show(double value) =>
        value.ToString(Math.Abs(value) < 100 ? "0.00" : "0", CultureInfo.InvariantCulture);
}

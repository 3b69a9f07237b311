namespace Builds.Gateway.Flagging;

/// <summary>Two words in two boxes.</summary>
internal static class BadgePicture
{
    private const string Label = "image";
    private const int CharacterWidth = 7;
    private const int Margin = 12;

    private static readonly int Left = WidthOf(Label);

    /// <param name="state">One of our own words: nothing here is escaped.</param>
    public static string Of(string state)
    {
        var right = WidthOf(state);
        var width = Left + right;
        return $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img"
                 aria-label="{Label}: {state}">
              <title>{Label}: {state}</title>
              <rect width="{width}" height="20" rx="4" fill="#4a4f57"/>
              <path d="M{Left} 0h{right - 4}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H{Left}z" fill="{ColourOf(state)}"/>
              <g fill="#fff" font-family="sans-serif" font-size="12" text-anchor="middle">
                <text x="{Left / 2}" y="14">{Label}</text>
                <text x="{Left + (right / 2)}" y="14">{state}</text>
              </g>
            </svg>

            """;
    }

    private static string ColourOf(string state) => state switch
    {
        "passing" => "#2e7d32",
        "failing" => "#b71c1c",
        "building" => "#1565c0",
        "outdated" => "#b45309",
        _ => "#6b7280",
    };

    private static int WidthOf(string text) => (text.Length * CharacterWidth) + Margin;
}

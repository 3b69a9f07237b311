namespace Builds.FakeDockerMachine;

/// <summary>
/// <c>--fake-fault</c> of create, comma-separated; a VM keeps those that concern its removal.
/// <c>pre-create</c>: exit 3, nothing made. <c>does-nothing</c>: exit 0, nothing made. <c>fails-after-vm</c>: exit 1,
/// the VM runs and is noted.
/// <c>hangs</c>: never ends. <c>held=FILE</c>: goes on, with the VM ordered and noted, only when that file is gone.
/// <c>slow=SECONDS</c>: the VM is ordered, and noted that much later. <c>stranger</c>: its certificate is another
/// authority's. <c>corrupt</c>: rm fails and leaves an empty config.json, once. <c>rm-lies</c>: rm ends with 0 and
/// does nothing, once.
/// <c>rm-fails=N</c>: rm fails so many times. <c>rm-hangs</c>: rm never ends, once.
/// </summary>
internal sealed class Faults(string faults)
{
    private readonly Dictionary<string, string> _faults = faults
        .Split(',', StringSplitOptions.RemoveEmptyEntries)
        .Select(fault => fault.Split('='))
        .ToDictionary(fault => fault[0], fault => fault.ElementAtOrDefault(1) ?? "1");

    public bool Has(string fault) => _faults.ContainsKey(fault);

    /// <summary>Null where there is no such fault.</summary>
    public string? Text(string fault) => _faults.GetValueOrDefault(fault);

    public int Number(string fault) =>
        _faults.TryGetValue(fault, out var number) ? int.Parse(number, System.Globalization.CultureInfo.InvariantCulture) : 0;

    /// <summary>One time less.</summary>
    public Faults Used(string fault)
    {
        var left = new Dictionary<string, string>(_faults) { [fault] = $"{Number(fault) - 1}" };
        if (Number(fault) <= 1)
            left.Remove(fault);
        return new Faults(string.Join(',', left.Select(one => $"{one.Key}={one.Value}")));
    }

    public override string ToString() => string.Join(',', _faults.Select(one => $"{one.Key}={one.Value}"));
}

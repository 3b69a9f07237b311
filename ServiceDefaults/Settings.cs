namespace Builds.ServiceDefaults;

public static class Settings
{
    /// <summary>
    /// Arguments of a host that reads its settings at its start alone. Watching their file would be told of every write
    /// to a store that lies below it.
    /// </summary>
    public static string[] ReadOnce(this string[] args) => ["--hostBuilder:reloadConfigOnChange=false", .. args];
}

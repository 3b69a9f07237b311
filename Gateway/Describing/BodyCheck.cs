using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Builds.Gateway.Describing;

/// <summary>Compares JSON with the type it is to become, and names the first field that does not fit.</summary>
internal static class BodyCheck
{
    public static void Check(JsonElement json, JsonTypeInfo type, string path)
    {
        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object:
                Expect(json, JsonValueKind.Object, "an object in braces", path);
                CheckObject(json, type, path);
                break;
            case JsonTypeInfoKind.Enumerable:
                Expect(json, JsonValueKind.Array, "a list in brackets", path);
                foreach (var (index, element) in json.EnumerateArray().Index())
                    Check(element, Of(type, type.ElementType!), $"{path}[{index}]");
                break;
            case JsonTypeInfoKind.Dictionary:
                Expect(json, JsonValueKind.Object, "an object in braces", path);
                CheckEntries(json, Of(type, type.ElementType!), path);
                break;
            default:
                CheckValue(json, type, path);
                break;
        }
    }

    private static void CheckObject(JsonElement json, JsonTypeInfo type, string path)
    {
        var seen = new HashSet<string>();
        foreach (var given in json.EnumerateObject())
        {
            var field = Join(path, given.Name);
            if (type.Properties.FirstOrDefault(one => one.Name == given.Name) is not { Set: not null } property)
                throw RefusedException.Bad(
                    field, $"{Show(field)} is not known here: leave it out. Known are {Known(type)}.");
            if (!seen.Add(given.Name))
                throw RefusedException.Bad(field, $"{Show(field)} is given twice: leave one out.");
            if (given.Value.ValueKind != JsonValueKind.Null)
                Check(given.Value, Of(type, property.PropertyType), field);
            else if (!property.IsSetNullable)
                throw RefusedException.Bad(
                    field, $"{field} is null: give it a value{(property.IsRequired ? "" : ", or leave it out")}.");
        }

        if (type.Properties.FirstOrDefault(one => one.IsRequired && !seen.Contains(one.Name)) is { } missing)
            throw RefusedException.Bad(Join(path, missing.Name), $"{Join(path, missing.Name)} is missing: give it.");
    }

    private static void CheckEntries(JsonElement json, JsonTypeInfo element, string path)
    {
        var seen = new HashSet<string>();
        foreach (var entry in json.EnumerateObject())
        {
            if (!seen.Add(entry.Name))
                throw RefusedException.Bad(path, $"{path} has {Show(entry.Name)} twice: leave one out.");
            Check(entry.Value, element, Join(path, entry.Name));
        }
    }

    private static void CheckValue(JsonElement json, JsonTypeInfo type, string path)
    {
        var value = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        if (value == typeof(string))
            Expect(json, JsonValueKind.String, "a text in quotes", path);
        else if (value == typeof(bool) && json.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            throw Wrong(path, "true or false");
        else if (value == typeof(int) && !(json.ValueKind == JsonValueKind.Number && json.TryGetInt32(out _)))
            throw Wrong(path, "a whole number");
        else if (value.IsEnum
            && !(json.ValueKind == JsonValueKind.String && NamesOf(value).Contains(json.GetString())))
            throw Wrong(path, "one of " + string.Join(", ", NamesOf(value)));
    }

    private static IEnumerable<string> NamesOf(Type value) =>
        Enum.GetNames(value).Select(JsonNamingPolicy.CamelCase.ConvertName);

    private static void Expect(JsonElement json, JsonValueKind kind, string words, string path)
    {
        if (json.ValueKind != kind)
            throw Wrong(path, words);
    }

    private static RefusedException Wrong(string path, string words) =>
        path.Length == 0
            ? new RefusedException(StatusCodes.Status400BadRequest, $"The body must be {words}.")
            : RefusedException.Bad(path, $"{Show(path)} must be {words}.");

    private static JsonTypeInfo Of(JsonTypeInfo owner, Type type) => owner.Options.GetTypeInfo(type);

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static string Known(JsonTypeInfo type) =>
        string.Join(", ", type.Properties.Where(one => one.Set is not null).Select(one => one.Name));

    // Names come from outside and go into an answer.
    private static string Show(string name) => name.Length <= 100 ? name : name[..100] + "…";
}

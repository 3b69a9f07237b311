using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Builds.ServiceDefaults;

namespace Builds.Contracts.Tests;

/// <summary>
/// The messages as they were agreed: one file each in <c>Approved/</c> with every field filled, and one with the required
/// ones only. A change to any of them is a change on the wire.
/// </summary>
public static class Approved
{
    public static JsonSerializerOptions Json { get; } = BuildsBus.Plain(new JsonSerializerOptions());

    /// <summary>Message and exchange, in the order of the design.</summary>
    public static IReadOnlyDictionary<Type, string> Exchanges { get; } = new Dictionary<Type, string>
    {
        [typeof(BuildRequested)] = "builds.build-requested",
        [typeof(BuildStarted)] = "builds.build-started",
        [typeof(BuildLog)] = "builds.build-log",
        [typeof(BuildCompleted)] = "builds.build-completed",
        [typeof(BuildCancelRequested)] = "builds.build-cancel-requested",
        [typeof(ImageDefined)] = "builds.image-defined",
        [typeof(ImageForgotten)] = "builds.image-forgotten",
        [typeof(ImagePushed)] = "builds.image-pushed",
        [typeof(ImageOutdated)] = "builds.image-outdated",
        [typeof(ImageCurrent)] = "builds.image-current",
        [typeof(CascadeChanged)] = "builds.cascade-changed",
        [typeof(ClaimBuild)] = "builds.claim-build",
        [typeof(BuildClaim)] = "builds.build-claim",
        [typeof(RenewClaim)] = "builds.renew-claim",
        [typeof(ClaimRenewal)] = "builds.claim-renewal",
        [typeof(ReleaseClaim)] = "builds.release-claim",
        [typeof(ClaimRelease)] = "builds.claim-release",
        [typeof(ConcludeBuild)] = "builds.conclude-build",
        [typeof(BuildConclusion)] = "builds.build-conclusion",
        [typeof(ListDefinitions)] = "builds.list-definitions",
        [typeof(Definitions)] = "builds.definitions",
        [typeof(FindBuild)] = "builds.find-build",
        [typeof(FoundBuild)] = "builds.found-build",
        [typeof(ReadGraph)] = "builds.read-graph",
        [typeof(ImageGraph)] = "builds.image-graph",
        [typeof(PreviewCascade)] = "builds.preview-cascade",
        [typeof(CascadePreview)] = "builds.cascade-preview",
        [typeof(ListCascades)] = "builds.list-cascades",
        [typeof(Cascades)] = "builds.cascades",
        [typeof(ReadCascade)] = "builds.read-cascade",
        [typeof(CascadeDetails)] = "builds.cascade-details",
        [typeof(ChangeCascade)] = "builds.change-cascade",
        [typeof(CascadeChangeTaken)] = "builds.cascade-change-taken",
        [typeof(ListOutdated)] = "builds.list-outdated",
        [typeof(OutdatedImages)] = "builds.outdated-images",
        [typeof(ListRegistries)] = "builds.list-registries",
        [typeof(RegistryReports)] = "builds.registry-reports",
    };

    public static IEnumerable<Type> Messages => Exchanges.Keys;

    /// <summary>Every file that there is for a message, with the body as it goes on the wire.</summary>
    public static IEnumerable<TestCaseData> Bodies =>
        from message in Messages
        from form in new[] { "", ".minimal" }
        let file = Exchanges[message]["builds.".Length..] + form + ".json"
        where form == "" || File.Exists(PathOf(file))
        select new TestCaseData(message, Compact(file)).SetArgDisplayNames(file);

    /// <summary>The body with every field filled.</summary>
    public static string Full(Type message) => Compact(Exchanges[message]["builds.".Length..] + ".json");

    /// <summary>Every contract, also those that are part of another.</summary>
    public static IEnumerable<Type> Contracts =>
        typeof(BuildRequested).Assembly.GetExportedTypes().Where(type => !type.IsEnum);

    /// <summary>Each property in a body, through lists and nested contracts.</summary>
    public static IEnumerable<(JsonObject Owner, string Name, PropertyInfo Property)> Fields(JsonNode? node, Type type)
    {
        if (node is JsonArray list)
        {
            foreach (var field in list.SelectMany(item => Fields(item, type.GetGenericArguments()[0])))
                yield return field;
        }
        else if (node is JsonObject owner && Contracts.Contains(type))
        {
            foreach (var property in type.GetProperties())
            {
                var name = JsonNamingPolicy.CamelCase.ConvertName(property.Name);
                yield return (owner, name, property);
                foreach (var field in Fields(owner[name], property.PropertyType))
                    yield return field;
            }
        }
    }

    private static string Compact(string file) =>
        JsonNode.Parse(File.ReadAllText(PathOf(file)))!.ToJsonString(Json);

    private static string PathOf(string file) => Path.Combine(Repository.Root, "tests/Contracts.Tests/Approved", file);
}

using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Builds.Contracts.Tests;

[TestFixtureSource(typeof(Approved), nameof(Approved.Messages))]
public sealed class When_a_message_is_not_as_agreed(Type message)
{
    [Test]
    public void Should_refuse_a_null_in_a_required_field() =>
        Assert.That(Accepted(IsRequired, (owner, name) => owner[name] = null), Is.Empty);

    [Test]
    public void Should_refuse_a_required_field_that_is_missing() =>
        Assert.That(Accepted(IsRequired, (owner, name) => owner.Remove(name)), Is.Empty);

    [Test]
    public void Should_refuse_a_number_for_an_enum() =>
        Assert.That(Accepted(IsEnum, (owner, name) => owner[name] = 0), Is.Empty);

    [Test]
    public void Should_refuse_a_number_in_quotes_for_an_enum() =>
        Assert.That(Accepted(IsEnum, (owner, name) => owner[name] = "0"), Is.Empty);

    [Test]
    public void Should_refuse_a_text_for_an_object() =>
        Assert.That(Accepted(IsContract, (owner, name) => owner[name] = "text"), Is.Empty);

    [Test]
    public void Should_ignore_a_field_that_it_does_not_know()
    {
        var body = Approved.Full(message);
        var grown = JsonNode.Parse(body)!.AsObject();
        grown["aFieldOfALaterVersion"] = new JsonObject { ["any"] = 1 };

        var read = JsonSerializer.Deserialize(grown.ToJsonString(), message, Approved.Json);

        Assert.That(JsonSerializer.Serialize(read, message, Approved.Json), Is.EqualTo(body));
    }

    private static bool IsRequired(PropertyInfo property) => property.IsDefined(typeof(RequiredMemberAttribute));

    private static bool IsEnum(PropertyInfo property) =>
        (Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType).IsEnum;

    private static bool IsContract(PropertyInfo property) => Approved.Contracts.Contains(property.PropertyType);

    /// <returns>The fields that were read although they were spoilt.</returns>
    private IEnumerable<string> Accepted(Func<PropertyInfo, bool> which, Action<JsonObject, string> spoil)
    {
        for (var i = 0; ; i++)
        {
            var body = JsonNode.Parse(Approved.Full(message))!;
            var field = Approved.Fields(body, message).Where(field => which(field.Property)).ElementAtOrDefault(i);
            if (field.Owner is null)
                yield break;
            var path = field.Owner.GetPath() + "." + field.Name;
            spoil(field.Owner, field.Name);
            if (IsRead(body))
                yield return path;
        }
    }

    private bool IsRead(JsonNode body)
    {
        try
        {
            body.Deserialize(message, Approved.Json);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

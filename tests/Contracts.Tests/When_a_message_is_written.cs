using System.Text.Json;
using System.Text.Json.Nodes;

namespace Builds.Contracts.Tests;

public sealed class When_a_message_is_written
{
    [TestCaseSource(typeof(Approved), nameof(Approved.Bodies))]
    public void Should_be_the_approved_json_again(Type message, string body)
    {
        var read = JsonSerializer.Deserialize(body, message, Approved.Json);

        Assert.That(JsonSerializer.Serialize(read, message, Approved.Json), Is.EqualTo(body));
    }

    [TestCaseSource(typeof(Approved), nameof(Approved.Messages))]
    public void Should_have_every_field_in_its_approved_form(Type message)
    {
        var fields = Approved.Fields(JsonNode.Parse(Approved.Full(message)), message);

        Assert.That(
            fields.Where(field => field.Owner[field.Name] is null).Select(field => field.Owner.GetPath() + "." + field.Name),
            Is.Empty);
    }

    [Test]
    public void Should_have_an_approved_form_with_every_contract_in_it()
    {
        var approved = Approved.Messages
            .SelectMany(message => Approved.Fields(JsonNode.Parse(Approved.Full(message)), message))
            .Select(field => field.Property.DeclaringType!)
            .Concat(Approved.Messages); // one without fields too

        Assert.That(Approved.Contracts.Except(approved), Is.Empty);
    }
}

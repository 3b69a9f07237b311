using System.Reflection;
using System.Runtime.CompilerServices;

namespace Builds.Contracts.Tests;

public sealed class When_contracts_are_compiled
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Test]
    public void Should_reference_nothing_but_the_runtime() =>
        Assert.That(
            typeof(BuildRequested).Assembly.GetReferencedAssemblies().Select(reference => reference.Name),
            Is.All.StartsWith("System."));

    [Test]
    public void Should_be_in_the_namespace_that_is_on_the_wire() =>
        Assert.That(
            typeof(BuildRequested).Assembly.GetExportedTypes().Select(type => type.Namespace),
            Is.All.EqualTo("Builds.Contracts"));

    [TestCaseSource(typeof(Approved), nameof(Approved.Contracts))]
    public void Should_be_sealed_records_of_properties_only(Type contract)
    {
        var written = contract.GetMethods(Declared).Where(method => !method.IsDefined(typeof(CompilerGeneratedAttribute)));
        var visible = contract.GetFields(Declared).Where(field => !field.IsPrivate);

        Assert.Multiple(() =>
        {
            Assert.That(contract.IsSealed, "sealed");
            Assert.That(contract.GetMethod("<Clone>$"), Is.Not.Null, "a record");
            Assert.That(contract.GetConstructors().Single().GetParameters(), Is.Empty, "no positional members");
            Assert.That(written, Is.Empty, "no code");
            Assert.That(visible, Is.Empty, "no fields");
        });
    }
}

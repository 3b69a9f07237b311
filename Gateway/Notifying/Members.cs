using System.Text.Json;
using Builds.Gateway.Describing;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;
using Dapper;

namespace Builds.Gateway.Notifying;

public enum MemberRole
{
    /// <summary>May look; is not told.</summary>
    Viewer,

    Contributor,
    Owner,
}

/// <summary>A person of a namespace. Contributors and owners have write access, and get its mails.</summary>
public sealed record Member
{
    public required string Name { get; init; }
    public required string Mail { get; init; }
    public required MemberRole Role { get; init; }
}

/// <summary>The body of <c>PUT /v1/namespaces/{ns}/members</c>: all of them.</summary>
public sealed record NewMembers
{
    public required IReadOnlyList<Member> Members { get; init; }
}

/// <param name="LastMailAt">When the mail server accepted the last mail to this address.</param>
/// <param name="RefusedAt">When it refused one for good, and why; the next news are tried again.</param>
public sealed record SeenMember(
    string Name, string Mail, MemberRole Role, DateTimeOffset? LastMailAt, DateTimeOffset? RefusedAt, string? Refusal);

public sealed record SeenMembers(string Namespace, IReadOnlyList<SeenMember> Members);

/// <summary>
/// Who is told about the images of a namespace. The members of <c>*</c>, which only an admin may change, are told about
/// all images.
/// </summary>
public sealed class Members(GatewayStore store)
{
    public const string Everywhere = "*";

    private const int Most = 500;
    private const int LongestName = 100;

    private const string DeleteAll = "delete from member where namespace = @ns";

    private const string Insert = """
        insert into member (namespace, mail, name, role) values (@ns, @Mail, @Name, @role)
        """;

    public async Task<SeenMembers> PutAsync(Caller caller, string ns, HttpRequest request, CancellationToken cancel)
    {
        Demand(caller, ns);
        var (body, _) = await Body.ReadAsync<NewMembers>(request, cancel);
        Check(body.Members);
        await store.WriteAsync(db =>
        {
            db.Execute(DeleteAll, new { ns });
            foreach (var member in body.Members)
                db.Execute(Insert, new { ns, member.Mail, member.Name, role = NameOf(member.Role) });
        }, cancel);
        return See(caller, ns);
    }

    private const string Select = """
        select member.name as Name, member.mail as Mail, member.role as Role, addressee.sent_at as SentAt,
               addressee.refused_at as RefusedAt, addressee.refusal as Refusal
          from member left join addressee on addressee.mail = member.mail
         where member.namespace = @ns order by member.name, member.mail
        """;

    public SeenMembers See(Caller caller, string ns)
    {
        Demand(caller, ns);
        var rows = store.Read(db => db.Query<Row>(Select, new { ns }).AsList());
        return new SeenMembers(ns, [.. rows.Select(row => new SeenMember(
            row.Name, row.Mail, Enum.Parse<MemberRole>(row.Role, ignoreCase: true),
            Instant(row.SentAt), Instant(row.RefusedAt), row.Refusal))]);
    }

    // Addresses of people: for those who may change them, and nobody else.
    private static void Demand(Caller caller, string ns)
    {
        if (ns != Everywhere && !Names.IsNamespace(ns))
            throw RefusedException.Bad("namespace", $"The namespace must be {Names.NamespaceWords}, or * for all.");
        CredentialEndpoints.DemandChange(caller, ns);
    }

    private static void Check(IReadOnlyList<Member> members)
    {
        if (members.Count > Most)
            throw RefusedException.Bad("members", $"members: there may be at most {Most}.");
        var known = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (index, member) in members.Index())
        {
            if (!MailAddress.IsOne(member.Mail))
                throw RefusedException.Bad(
                    $"members[{index}].mail", $"members[{index}].mail must be {MailAddress.Words}.");
            if (!known.Add(member.Mail))
                throw RefusedException.Bad(
                    $"members[{index}].mail", $"members[{index}].mail is there twice: leave one out.");
            if (member.Name.Trim().Length is 0 or > LongestName || member.Name.Any(char.IsControl))
                throw RefusedException.Bad(
                    $"members[{index}].name",
                    $"members[{index}].name must have 1 to {LongestName} characters, and no line ends or the like.");
        }
    }

    private static string NameOf(MemberRole role) => JsonNamingPolicy.CamelCase.ConvertName(role.ToString());

    private static DateTimeOffset? Instant(long? milliseconds) =>
        milliseconds is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;

    private sealed record Row
    {
        public required string Name { get; init; }
        public required string Mail { get; init; }
        public required string Role { get; init; }
        public long? SentAt { get; init; }
        public long? RefusedAt { get; init; }
        public string? Refusal { get; init; }
    }
}

using Builds.Contracts;
using Builds.Gateway.Defining;
using Builds.Gateway.Describing;
using Builds.Gateway.Queueing;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Flagging;

/// <summary>
/// <c>GET /badges/{**file}</c>: how an image does, as a picture. What is not there looks like what may not be seen.
/// </summary>
public sealed class Badge(GatewayStore store, IOptions<RegistryOptions> registries, IOptions<BadgeOptions> options)
{
    private const string Extension = ".svg";
    private const string Unknown = "unknown";

    /// <param name="caller">Null where no token was sent.</param>
    public IResult Handle(string file, string? registry, string? tag, Caller? caller, HttpContext context)
    {
        if (!file.EndsWith(Extension, StringComparison.Ordinal))
            throw RefusedException.NotFound(
                "A badge is called like its image, with .svg behind it: /badges/team/api.svg");
        var image = new ImageReference
        {
            Registry = registry ?? registries.Value.Default,
            Repository = file[..^Extension.Length],
        };
        var state = IsShown(image, tag, caller) ? store.Read(db => StateOf(db, image, tag)) : Unknown;

        var mark = $"\"{state}\"";
        context.Response.Headers.CacheControl = "no-cache"; // asked for each time, answered with nothing new mostly
        context.Response.Headers.ETag = mark;
        return context.Request.Headers.IfNoneMatch.Contains(mark)
            ? Results.StatusCode(StatusCodes.Status304NotModified)
            : Results.Text(BadgePicture.Of(state), "image/svg+xml");
    }

    private bool IsShown(ImageReference image, string? tag, Caller? caller) =>
        RequestRules.ImageProblem(image) is null
        && (tag is null || RequestRules.TagsProblem([tag]) is null)
        && (options.Value.Public || caller?.May(TokenScopes.Read, BuildQueue.NamespaceOf(image.Repository)) == true);

    private const string SelectOpen = """
        select exists (select 1 from open_tag where registry = @Registry and repository = @Repository
                          and (@tag is null or tag = @tag))
        """;

    private const string SelectLast = """
        select state from build
         where registry = @Registry and repository = @Repository
           and state in ('succeeded', 'failed', 'errored', 'timedOut')
           and (@tag is null or exists (select 1 from json_each(request, '$.tags') where value = @tag))
         order by number desc limit 1
        """;

    private const string SelectOutdated = """
        select exists (select 1 from outdated where registry = @Registry and repository = @Repository
                          and (@tag is null or tag = @tag))
        """;

    private static string StateOf(SqliteConnection db, ImageReference image, string? tag)
    {
        var where = new { image.Registry, image.Repository, tag };
        if (db.ExecuteScalar<bool>(SelectOpen, where))
            return "building";
        var last = db.ExecuteScalar<string?>(SelectLast, where);
        if (last is not (null or "succeeded"))
            return "failing";
        if (db.ExecuteScalar<bool>(SelectOutdated, where))
            return "outdated";
        return last is null ? Unknown : "passing";
    }
}

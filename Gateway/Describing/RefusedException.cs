namespace Builds.Gateway.Describing;

/// <summary>
/// What was asked cannot be done, and whoever asked can mend it: becomes a problem (RFC 9457) of this status.
/// </summary>
/// <param name="field">The field of the body, the parameter or the header that is at fault.</param>
public sealed class RefusedException(int status, string detail, string? field = null) : Exception(detail)
{
    public int Status { get; } = status;

    public string? Field { get; } = field;

    public static RefusedException Bad(string field, string detail) =>
        new(StatusCodes.Status400BadRequest, detail, field);

    public static RefusedException NotFound(string detail) => new(StatusCodes.Status404NotFound, detail);

    public static RefusedException Conflict(string detail) => new(StatusCodes.Status409Conflict, detail);
}

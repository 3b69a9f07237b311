using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>
/// Indexes of which some was not there when they were read. What was there counts at once; as the rest may not have
/// come to every copy of the registry yet, such an index is read again a few times. Then it is taken as it is, until
/// its tag is looked at or pushed the next time.
/// </summary>
internal static class Incomplete
{
    private const int MostTries = 5;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(2); // doubles each time

    private const string Select = "select incomplete from manifest where id = @id";

    private const string IsAsked = """
        select exists (select 1 from question where image = @image and tag = '' and manifest = @id)
        """;

    private const string Set = "update manifest set incomplete = @tries where id = @id";

    internal static bool Is(SqliteConnection db, long id) => db.QuerySingle<long>(Select, new { id }) > 0;

    internal static void Note(Recording recording, long image, long id, bool isIncomplete)
    {
        var (db, now) = (recording.Db, recording.Now);
        var tries = db.QuerySingle<long>(Select, new { id });
        if (isIncomplete && tries < MostTries)
        {
            if (db.QuerySingle<bool>(IsAsked, new { image, id }))
            {
                // Read for another reason, before its time; what is asked already finds that it is not whole.
                db.Execute(Set, new { id, tries = Math.Max(tries, 1) });
                return;
            }

            var pause = (long)(FirstPause.TotalMilliseconds * Math.Pow(2, tries));
            Questions.AskManifest(db, image, id, "watch", now, now + pause);
            db.Execute(Set, new { id, tries = tries + 1 });
        }
        else if (!isIncomplete && tries > 0)
        {
            db.Execute(Set, new { id, tries = 0 });
        }
    }
}

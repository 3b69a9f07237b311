using System.Text.Json;
using Builds.Contracts;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Tests.Layers;
using Dapper;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>What is said: lost, late, twice and in any order.</summary>
internal sealed partial class RandomWorld
{
    private void Tell(bool isLost)
    {
        foreach (var untold in _file.Read(db => Untold.Select(db, [])) is var all && isLost ? all.Take(1 + (int)(Now % 3)) : all)
        {
            _told.Add(untold.Message);
            if (untold.Message is not BuildRequested request)
                continue;
            if (_queue.TryGetValue(request.BuildId, out var before))
                Assert.That(JsonSerializer.Serialize(request), Is.EqualTo(JsonSerializer.Serialize(before)), "the same once more");
            _queue[request.BuildId] = request;
        }

        if (!isLost)
            _file.Write(db => { Untold.SetTold(db, Untold.Select(db, [])); return true; });
    }

    private void HearEnd(int which)
    {
        var end = _ends[which % _ends.Count];
        if (which % 4 != 0) // else it comes once more
            _ends.Remove(end);
        Record(recording => recording.Build(end, Graph.Host));
    }

    private void HearPush((string Name, string Tag) pushed)
    {
        var (name, tag) = pushed;
        _unheard.Remove(pushed);
        _file.Write(db =>
        {
            Questions.AskTag(db, Names.ImageOf(db, Graph.Host, name), tag, _registry.Of(name, tag).Digest, "push", Now);
            return true;
        });
    }

    private void Answer(int which)
    {
        var questions = _file.Query<(long Id, long Image, string Repository, string Tag, string Named, string? Digest)>("""
            select question.id, image.id, image.repository, question.tag, question.named, manifest.digest
              from question join image on image.id = question.image left join manifest on manifest.id = question.manifest
            """);
        if (questions.Count == 0)
            return;
        var (id, image, repository, tag, named, digest) = questions[which % questions.Count];
        Record(recording =>
        {
            recording.Db.Execute("delete from question where id = @id", new { id });
            if (digest is not null)
            {
                recording.Manifest(image, _registry.At(digest));
                return;
            }

            var (moved, now) = (Names.TagOf(recording.Db, image, tag), _registry.Of(repository, tag));
            foreach (var past in named.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(past => past != now.Digest))
                recording.Past(moved, recording.Manifest(image, _registry.At(past)));
            recording.Move(moved, recording.Manifest(image, now), "push");
        });
    }

    /// <returns>Whether there was anything to change.</returns>
    private bool Change(CascadeChange change)
    {
        var ids = _file.Query<string>(
            "select id from cascade where cancelled_by is not null or state in ('running', 'blocked') order by rowid desc");
        return ids.Select(id => _file.Write(db => ChangeCascadeConsumer.Change(
            db, new ChangeCascade { CascadeId = Guid.Parse(id), Change = change, By = "ann" }, Now)))
            .ToList().Exists(taken => taken.Problem is null);
    }

    private void Record(Action<Recording> work) => _file.Write(db =>
    {
        Recording.Run(db, _now, work);
        return true;
    });

    // As the Gateway does: the later word counts. The order in which the words arrive is the worst there is.
    private List<string> Heard()
    {
        var flags = new Dictionary<string, (DateTimeOffset Since, bool IsOutdated)>();
        var words = _told.Select(word => word switch
        {
            ImageOutdated flag => (Name: $"{flag.Image.Repository}:{flag.Tag}", flag.Since, IsOutdated: true),
            ImageCurrent flag => (Name: $"{flag.Image.Repository}:{flag.Tag}", flag.Since, IsOutdated: false),
            _ => (Name: "", Since: default, IsOutdated: false),
        }).Where(word => word.Name.Length > 0).Reverse();
        foreach (var (name, since, isOutdated) in words)
        {
            if (!flags.TryGetValue(name, out var known) || since >= known.Since)
                flags[name] = (since, isOutdated);
        }

        return [.. flags.Where(flag => flag.Value.IsOutdated).Select(flag => flag.Key)];
    }
}

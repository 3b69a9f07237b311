using Builds.Contracts;
using Builds.GraphTracker.Cascading;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>What holds always, after each decision, and at the end.</summary>
internal sealed partial class RandomWorld
{
    public void CheckAlways()
    {
        Assert.That(
            _file.Query<long>("""
                select count(*) from rebuild where state = 'open' and build not in (select id from build)
                """).Single(), Is.AtMost(MostAtOnce));
        Assert.That(
            _file.Query<long>("""
                select image from rebuild, json_each(rebuild.request, '$.tags') named
                 where state = 'open' group by image, named.value having count(*) > 1
                """), Is.Empty, "one open rebuild for each tag");
        Assert.That(
            _file.Query<string>("""
                select cascade from verdict
                 where outdated = 1 and cascade is not null and cascade not in (select id from cascade)
                """), Is.Empty, () => $"what is outdated belongs to a cascade that is there: {State()}");
    }

    public void CheckAtTheEnd()
    {
        foreach (var (name, build) in _latest.Where(latest => IsRebuilt(latest.Key.Name)))
            Assert.That(_registry.IsCurrent(build, use => Counts(build.Image, use)), Is.True, () => $"{name} is forgotten: {State()}");
        Assert.That(_file.Query<string>("""
            select outlook from verdict
             where outdated = 1 and outlook not in ('notDefined', 'policy', 'cycle', 'ancestor', 'pinned')
            """), Is.Empty, State);
        Assert.That(_file.Query<string>("select distinct state from cascade where state <> 'done'"), Is.Empty, State);
        Assert.That(Heard(), Is.EquivalentTo(_file.Query<string>("""
            select image.repository || ':' || tag.name
              from verdict join tag on tag.id = verdict.tag join image on image.id = tag.image
             where verdict.outdated = 1
            """)), "what was told, in any order");
    }

    private void Decide(int most)
    {
        var decided = _file.Write(db => Round.Run(db, Options, Now, most));
        foreach (var asked in decided.Asked.Select(request => request.Image.Repository).Where(name => !IsInCircle(name)))
        {
            foreach (var below in RebuiltBelow(asked))
                Assert.That(IsOwed(below), Is.False, () => $"{asked} before {below}: {State()}");
        }

        foreach (var asked in decided.Asked)
        {
            Assert.That(_file.Query<string>($"""
                select named.value
                  from rebuild, json_each(rebuild.request, '$.tags') named
                  join tag on tag.image = rebuild.image and tag.name = named.value
                 where rebuild.build = '{asked.BuildId}' and tag.manifest is not rebuild.old_manifest
                """), Is.Empty, () => $"tags of {asked.Image.Repository} that are something else: {State()}");
        }
    }

    // Slow and obvious: a base that counts has moved on, or a rebuild of it is open.
    private bool IsOwed(string name)
    {
        var stale = _file.Query<string>($"""
            select base_image.repository from footing
              join tag on tag.id = footing.tag join image on image.id = tag.image
              join tag base on base.id = footing.base_tag join image base_image on base_image.id = base.image
             where footing.stale = 1 and image.repository = '{name}' and tag.name = 'latest'
            """);
        return _registry.UsesOf(name).Any(use => stale.Contains(use.Name) && Counts(name, use)) || _file.Query<long>($"""
            select 1 from rebuild, json_each(rebuild.request, '$.tags') named join image on image.id = rebuild.image
             where rebuild.state = 'open' and image.repository = '{name}' and named.value = 'latest'
            """).Count > 0;
    }

    // What is rebuilt here, and leads to a rebuild of this one through nothing but such.
    private HashSet<string> RebuiltBelow(string app)
    {
        var found = new HashSet<string>();
        var open = new Stack<string>([app]);
        while (open.TryPop(out var next))
        {
            foreach (var use in _registry.UsesOf(next).Where(use => IsRebuilt(use.Name) && Counts(next, use) && found.Add(use.Name)))
                open.Push(use.Name);
        }

        return found;
    }

    private bool IsRebuilt(string name) => _policies.GetValueOrDefault(name) is not null && !IsInCircle(name);

    private bool IsInCircle(string name) => _registry.Below(name).Contains(name);

    private bool Counts(string app, RandomUse use) => !use.Pinned && _policies[app] switch
    {
        RebuildOn.EveryFromAndCopies => true,
        RebuildOn.EveryFrom => use.Kind == BaseImageKind.From,
        RebuildOn.FinalBase => use.IsFinal,
        _ => false,
    };

    private string State() => string.Join('\n', _file.Query<string>("""
        select image.repository || ': ' || outlook || ', ' || next from verdict
          join tag on tag.id = verdict.tag join image on image.id = tag.image where outdated = 1
        union all
        select 'rebuild of ' || image.repository || ': ' || state || ', ' || bases || ', ' || reason from rebuild
          join image on image.id = rebuild.image
        union all
        select 'cascade ' || state || ' ' || counts from cascade
        """).Concat(_registry.AppNames.Select(app => $"{app} ({_policies[app]}) from {string.Join(' ', _registry.UsesOf(app))}")));
}

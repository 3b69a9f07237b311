using Builds.Contracts;
using Builds.GraphTracker.Tests.Layers;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>What is pushed, and what workers and people build.</summary>
internal sealed partial class RandomWorld
{
    private void Push(string root, bool isNew)
    {
        _registry.Push(root, isNew);
        _unheard.Add((root, "latest"));
    }

    private void Start(int which)
    {
        var waiting = _queue.Values
            .Where(request => !_taken.Contains(request.BuildId) && _running.TrueForAll(build => build.Image != request.Image.Repository))
            .ToList();
        if (waiting.Count == 0)
            return;
        var request = waiting[which % waiting.Count];
        _taken.Add(request.BuildId);
        _running.Add(_registry.Start(request.Image.Repository, request));
    }

    private void Finish(RandomBuild build)
    {
        var name = build.Image;
        if (build.IsRebuild && build.Tags.Select(tag => _registry.Of(name, tag)).FirstOrDefault(there => there.Digest != build.Replaces)
            is { } found)
        {
            Fail(build, BuildOutcome.Superseded, found.Digest);
            return;
        }

        if (!build.IsRebuild)
            _byPeople[name] = _byPeople.GetValueOrDefault(name) + 1;
        else
            Assert.That(_built.Add($"{name} {Versions(build)} {_byPeople.GetValueOrDefault(name)}"), Is.True,
                () => $"{name} is built twice on {Versions(build)}: {State()}");
        _ends.Add(_registry.Finish(build) with { CompletedAt = _now });
        foreach (var tag in build.Tags)
        {
            _latest[(name, tag)] = build;
            _unheard.Add((name, tag));
        }

        if (build.Tags.Contains("latest"))
            (_history.TryGetValue(name, out var known) ? known : _history[name] = []).Add((build, _registry.Of(name)));
    }

    private void Fail(RandomBuild build, BuildOutcome outcome, string? found = null) => _ends.Add(
        Graph.Built(build.Image, "latest", _registry.Of(build.Image)) with
        {
            BuildId = build.Id, Tags = build.Tags, Outcome = outcome, Reason = "RUN ended with 7", Digest = null, Pushed = [],
            CompletedAt = _now, Found = found,
        });

    // Somebody is not content with the last one.
    private void PutBack(string app, int which)
    {
        var (build, made) = _history[app][which % _history[app].Count];
        _registry.Put(app, "latest", made);
        _latest[(app, "latest")] = build;
        _byPeople[app] = _byPeople.GetValueOrDefault(app) + 1;
        _unheard.Add((app, "latest"));
    }

    // Somebody asks for a build of the same, and takes its place while it waits.
    private void Supersede(int which)
    {
        var waiting = _queue.Values.Where(request => !_taken.Contains(request.BuildId)).ToList();
        var app = _registry.AppNames[which % _registry.AppNames.Count];
        if (waiting.Find(request => request.Image.Repository == app) is { } taken)
        {
            _taken.Add(taken.BuildId);
            Fail(_registry.Start(app, taken), BuildOutcome.Superseded);
        }

        if (_running.TrueForAll(build => build.Image != app))
            _running.Add(which % 3 == 0 ? _registry.Start(app, null, "latest") : _registry.Start(app));
    }

    private string Versions(RandomBuild build) => string.Join(',', build.Tags) + ' ' + string.Join(' ',
        build.Used.Where(each => Counts(build.Image, each.Use)).Select(each => $"{each.Use.Name}@{each.Version}"));

    private static T Take<T>(List<T> from, int which)
    {
        var one = from[which % from.Count];
        from.Remove(one);
        return one;
    }
}

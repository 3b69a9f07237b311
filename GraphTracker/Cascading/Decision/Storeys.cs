namespace Builds.GraphTracker.Cascading.Decision;

/// <summary>
/// Units in an order in which each comes after what it stands on. Those that stand on each other in a circle come
/// together (strongly connected components, Tarjan's algorithm without recursion: chains can be long).
/// </summary>
internal static class Storeys
{
    internal static List<List<Unit>> Of(IReadOnlyList<Unit> units, IReadOnlyDictionary<long, Unit> byTag)
    {
        var walk = new Walk(byTag);
        foreach (var unit in units)
            walk.From(unit);
        return walk.Circles;
    }

    private sealed class Walk(IReadOnlyDictionary<long, Unit> byTag)
    {
        private readonly Dictionary<long, Place> _places = [];
        private readonly Stack<Place> _open = [];

        public List<List<Unit>> Circles { get; } = [];

        public void From(Unit first)
        {
            if (_places.ContainsKey(first.Id))
                return;
            var path = new Stack<Place>([Enter(first)]);
            while (path.TryPeek(out var place))
            {
                if (place.Next < place.Unit.Bases.Count)
                {
                    if (!byTag.TryGetValue(place.Unit.Bases[place.Next++].BaseTag, out var below))
                        continue;
                    if (!_places.TryGetValue(below.Id, out var known))
                        path.Push(Enter(below));
                    else if (known.IsOpen)
                        place.Lowest = Math.Min(place.Lowest, known.Number);
                    continue;
                }

                path.Pop();
                if (path.TryPeek(out var above))
                    above.Lowest = Math.Min(above.Lowest, place.Lowest);
                if (place.Lowest == place.Number)
                    Close(place);
            }
        }

        private Place Enter(Unit unit)
        {
            var place = new Place(unit, _places.Count);
            _places[unit.Id] = place;
            _open.Push(place);
            return place;
        }

        private void Close(Place first)
        {
            var circle = new List<Unit>();
            Place place;
            do
            {
                place = _open.Pop();
                place.IsOpen = false;
                circle.Add(place.Unit);
            }
            while (place != first);

            Circles.Add(circle);
        }
    }

    private sealed class Place(Unit unit, int number)
    {
        public Unit Unit { get; } = unit;
        public int Number { get; } = number;
        public int Lowest { get; set; } = number;
        public int Next { get; set; }
        public bool IsOpen { get; set; } = true;
    }
}

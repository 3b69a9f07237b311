// Each fixture has parts and services of its own, and waits much of its time: for limits, machines and dead claims. More
// of them together would only be in each other's way on two cores.
[assembly: Parallelizable(ParallelScope.Fixtures)]
[assembly: LevelOfParallelism(3)]

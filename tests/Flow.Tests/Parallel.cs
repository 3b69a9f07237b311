// Each fixture has parts and services of its own, and waits most of its time: for limits, machines and dead claims.
[assembly: Parallelizable(ParallelScope.Fixtures)]
[assembly: LevelOfParallelism(4)]

using OrleansRuns.Runtime.Tests;

// A second process for the tests: OrleansRuns.Runtime.Tests simulate <seed>, see DrainSimulation, or
// OrleansRuns.Runtime.Tests <folder> <generation>, see PoisonProgram.
return args[0] == DrainSimulation.Command
    ? DrainSimulation.Run(args[1])
    : await PoisonProgram.RunAsync(args[0], int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture));

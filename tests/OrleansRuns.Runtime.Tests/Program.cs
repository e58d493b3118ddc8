using OrleansRuns.Runtime.Tests;

// A second process for the tests: OrleansRuns.Runtime.Tests <folder> <generation>. See PoisonProgram.
return await PoisonProgram.RunAsync(args[0], int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture));

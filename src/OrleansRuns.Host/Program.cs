using OrleansRuns.Host;

return await CommandLine.InvokeAsync(args);

using OrleansRuns.AdoNet;

// A second process for the tests: OrleansRuns.AdoNet.Tests <SQLite file>. It opens the file as a silo does, says "open" or why not, and
// goes when its input is closed, so that it cannot outlive its test.
await using var database = new SqliteDatabase(args[0]);
try
{
    await database.OpenAsync(CancellationToken.None);
    Console.WriteLine("open");
}
catch (Orleans.Runtime.OrleansConfigurationException exception)
{
    Console.WriteLine(exception.Message);
}

await Console.In.ReadToEndAsync();

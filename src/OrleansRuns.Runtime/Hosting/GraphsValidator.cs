namespace OrleansRuns.Runtime;

/// <summary>Refuses to start a silo whose graphs are built wrongly.</summary>
internal sealed class GraphsValidator(GraphRegistry graphs) : IConfigurationValidator
{
    public void ValidateConfiguration() => graphs.Compile();
}

// Each test has three silos of its own on the machine: two at a time would only wait for each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

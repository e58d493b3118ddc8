-- oldest-reader: 1
-- What became of the runs of silos that were drained. The silo is written as it stands in runs.owner; it stops once, and may have been
-- drained by an operator before. Runs may be gone by the time somebody reads of them.
create table drain_reports
(
    silo       text        collate "C" not null,
    started_at timestamptz not null,
    elapsed_ms bigint      not null,
    budget_ms  bigint      not null,
    primary key (silo, started_at)
);

create index drain_reports_started on drain_reports (started_at, silo);

create table drain_runs
(
    silo          text    collate "C" not null,
    started_at    timestamptz not null,
    run_id        text    collate "C" not null,
    thread_id     text    collate "C" not null,
    outcome       text    not null check (outcome in ('completed', 'interrupted', 'timed_out', 'not_persisted')),
    signal        text    not null check (signal in ('request', 'cancellation', 'left_behind')),
    status        text    not null,
    stop_reason   text,
    resumable     boolean not null,
    checkpoint_id text,
    elapsed_ms    bigint  not null,
    error         text,
    primary key (silo, started_at, run_id),
    foreign key (silo, started_at) references drain_reports on delete cascade
);

-- oldest-reader: 1
-- The thread log (Orleans grain storage) and the catalog of threads and runs.

create table OrleansQuery
(
    QueryKey  text primary key,
    QueryText text not null
);

-- One row is one entry of a thread's log and is written once. The key "{log}/{position}" is what Orleans calls the grain id's extension.
create table OrleansStorage
(
    GrainIdHash            integer not null,
    GrainIdN0              integer not null,
    GrainIdN1              integer not null,
    GrainTypeHash          integer not null,
    GrainTypeString        text    not null check (GrainTypeString in ('entry', 'base')),
    GrainIdExtensionString text    not null,
    ServiceId              text    not null,
    PayloadBinary          blob    not null,
    ModifiedOn             text    not null default (strftime('%Y-%m-%dT%H:%M:%fZ')),
    Version                integer not null,
    thread   text    not null generated always as (substr(GrainIdExtensionString, 1, instr(GrainIdExtensionString, '/') - 1)) stored,
    position integer not null generated always as
        (cast(substr(GrainIdExtensionString, instr(GrainIdExtensionString, '/') + 1) as integer)) stored
);

create unique index OrleansStorage_position on OrleansStorage (thread, position);

-- Finds the newest base at or below a position.
create index OrleansStorage_bases on OrleansStorage (thread, position) where GrainTypeString = 'base';

-- The fence: nothing is inserted at a position when any entry stands at it or above it. Pruning never removes the newest entry, so that
-- a stale writer below a pruned floor is refused by the entries above it.
insert into OrleansQuery (QueryKey, QueryText) values
('WriteToStorageKey', '
    insert into OrleansStorage
        (GrainIdHash, GrainIdN0, GrainIdN1, GrainTypeHash, GrainTypeString, GrainIdExtensionString, ServiceId, PayloadBinary, Version)
    select @GrainIdHash, @GrainIdN0, @GrainIdN1, @GrainTypeHash, @GrainTypeString, @GrainIdExtensionString, @ServiceId, @PayloadBinary, 1
    where @GrainStateVersion is null
      and not exists (
        select 1 from OrleansStorage
        where thread = substr(@GrainIdExtensionString, 1, instr(@GrainIdExtensionString, ''/'') - 1)
          and position >= cast(substr(@GrainIdExtensionString, instr(@GrainIdExtensionString, ''/'') + 1) as integer))
    on conflict do nothing
    returning Version as NewGrainStateVersion'),
('ReadFromStorageKey', '
    select PayloadBinary, Version from OrleansStorage
    where thread = substr(@GrainIdExtensionString, 1, instr(@GrainIdExtensionString, ''/'') - 1)
      and position = cast(substr(@GrainIdExtensionString, instr(@GrainIdExtensionString, ''/'') + 1) as integer)
      and ServiceId = @ServiceId'),
-- An entry is never cleared; retention removes whole ranges.
('ClearStorageKey', 'select null as NewGrainStateVersion where 0');

-- 'holder' has the slot: a run, or an edit ('edit-…'). 'admitted' counts the runs, which numbers them in their order.
create table threads
(
    thread_id  text    primary key,
    log_id     text    not null unique,
    graph      text    not null,
    holder     text,
    epoch      integer not null,
    admitted   integer not null default 0,
    created_at text    not null,
    updated_at text    not null
);

-- A run that is pending waits for the slot, or holds it and waits for a silo to begin it.
create table runs
(
    run_id          text    primary key,
    thread_id       text    not null references threads,
    number          integer not null,
    graph           text    not null,
    fingerprint     text    not null,
    request         text    not null,
    idempotency_key text    unique,
    status          text    not null check (status in ('pending', 'running', 'success', 'error', 'timeout', 'interrupted')),
    stop_reason     text    check (stop_reason in
        ('cancelled', 'superseded', 'drained', 'orphaned', 'recursion_limit', 'node_timeout', 'run_timeout', 'node_error')),
    resumable       boolean not null default false check (not resumable or status = 'interrupted'),
    rolled_back     boolean not null default false check (not rolled_back or (status = 'interrupted' and not resumable)),
    error           text,
    attempt         integer not null default 0,
    owner           text,
    cancel_action   text    check (cancel_action in ('interrupt', 'rollback')),
    cancel_reason   text    check (cancel_reason in ('cancelled', 'superseded')),
    created_at      text    not null,
    started_at      text,
    updated_at      text    not null,
    unique (thread_id, number)
);

create index runs_unfinished on runs (run_id) where status in ('pending', 'running') or resumable;
create index runs_pending on runs (created_at, run_id) where status = 'pending';
create index runs_queued on runs (thread_id, number) where status = 'pending';
create index runs_rolled_back on runs (thread_id) where rolled_back;

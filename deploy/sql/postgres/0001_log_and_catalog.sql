-- oldest-reader: 1
-- The thread log (Orleans grain storage) and the catalog of threads and runs. Everything lives in the schema 'orleansruns', which the
-- program's connections search first, so that an application's own Orleans tables in the same database stay untouched. Ids are compared
-- byte by byte (collation "C") whatever the database's language, so that their order is the one SQLite and the program have.

create table orleansquery
(
    querykey  varchar(64) primary key,
    querytext text not null
);

-- One row is one entry of a thread's log and is written once. The key "{log}/{position}" is what Orleans calls the grain id's extension.
create table orleansstorage
(
    grainidhash            integer      not null,
    grainidn0              bigint       not null,
    grainidn1              bigint       not null,
    graintypehash          integer      not null,
    graintypestring        varchar(512) not null check (graintypestring in ('entry', 'base')),
    grainidextensionstring varchar(512) not null,
    serviceid              varchar(150) not null,
    payloadbinary          bytea        not null,
    modifiedon             timestamptz  not null default now(),
    version                integer      not null,
    thread                 text         collate "C" not null generated always as (split_part(grainidextensionstring, '/', 1)) stored,
    position               bigint       not null generated always as (split_part(grainidextensionstring, '/', 2)::bigint) stored,
    primary key (thread, position)
);

-- Finds the newest base at or below a position.
create index orleansstorage_bases on orleansstorage (thread, position) where graintypestring = 'base';

-- The fence: nothing is inserted at a position when any entry stands at it or above it. The primary key decides between two writers of
-- the same position. A stale writer below a pruned floor is refused by the entries above it: pruning never removes the newest entry, so
-- every snapshot of the table shows at least one entry above the gap.
insert into orleansquery (querykey, querytext) values
('WriteToStorageKey', '
    insert into orleansstorage
        (grainidhash, grainidn0, grainidn1, graintypehash, graintypestring, grainidextensionstring, serviceid, payloadbinary, version)
    select @GrainIdHash, @GrainIdN0, @GrainIdN1, @GrainTypeHash, @GrainTypeString, @GrainIdExtensionString, @ServiceId, @PayloadBinary, 1
    where @GrainStateVersion::integer is null
      and not exists (
        select 1 from orleansstorage
        where thread = split_part(@GrainIdExtensionString, ''/'', 1)
          and position >= split_part(@GrainIdExtensionString, ''/'', 2)::bigint)
    on conflict do nothing
    returning version as newgrainstateversion'),
('ReadFromStorageKey', '
    select payloadbinary, version from orleansstorage
    where thread = split_part(@GrainIdExtensionString, ''/'', 1)
      and position = split_part(@GrainIdExtensionString, ''/'', 2)::bigint
      and serviceid = @ServiceId'),
-- An entry is never cleared; retention removes whole ranges.
('ClearStorageKey', 'select null::integer as newgrainstateversion where false');

-- 'holder' has the slot: a run, or an edit ('edit-…'). 'admitted' counts the runs, which numbers them in their order.
create table threads
(
    thread_id  text        collate "C" primary key,
    log_id     text        not null unique,
    graph      text        not null,
    holder     text        collate "C",
    epoch      bigint      not null,
    admitted   bigint      not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

-- A run that is pending waits for the slot, or holds it and waits for a silo to begin it.
create table runs
(
    run_id          text        collate "C" primary key,
    thread_id       text        collate "C" not null references threads,
    number          bigint      not null,
    graph           text        not null,
    fingerprint     text        not null,
    request         text        not null,
    idempotency_key text        collate "C" unique,
    status          text        not null check (status in ('pending', 'running', 'success', 'error', 'timeout', 'interrupted')),
    stop_reason     text        check (stop_reason in
        ('cancelled', 'superseded', 'drained', 'orphaned', 'recursion_limit', 'node_timeout', 'run_timeout', 'node_error')),
    resumable       boolean     not null default false check (not resumable or status = 'interrupted'),
    rolled_back     boolean     not null default false check (not rolled_back or (status = 'interrupted' and not resumable)),
    error           text,
    attempt         integer     not null default 0,
    owner           text,
    cancel_action   text        check (cancel_action in ('interrupt', 'rollback')),
    cancel_reason   text        check (cancel_reason in ('cancelled', 'superseded')),
    created_at      timestamptz not null,
    started_at      timestamptz,
    updated_at      timestamptz not null,
    unique (thread_id, number)
);

create index runs_unfinished on runs (run_id) where status in ('pending', 'running') or resumable;
create index runs_pending on runs (created_at, run_id) where status = 'pending';
create index runs_queued on runs (thread_id, number) where status = 'pending';
create index runs_rolled_back on runs (thread_id) where rolled_back;

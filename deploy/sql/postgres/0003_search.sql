-- oldest-reader: 1
-- What lists of runs and threads are searched by. Metadata is text in one normal form, each member of the object on a line of its own,
-- so that both dialects tell by the same text whether a row has a member; its index only finds the candidates.

alter table runs add column metadata text not null default '{}';

create index runs_created on runs (created_at, run_id);
create index runs_by_status on runs (status, created_at, run_id);
create index runs_by_graph on runs (graph, created_at, run_id);
create index runs_by_thread on runs (thread_id, created_at, run_id);
create index runs_metadata on runs using gin ((metadata::jsonb) jsonb_path_ops) where metadata <> '{}';

-- 'asks' and 'planned_by' repeat what the thread's log says of its newest checkpoint: whether questions wait, and whose nodes are planned
-- there. 'rest' follows from them and from the newest run; it is the status while no run holds the slot.
alter table threads
    add column metadata      text    not null default '{}',
    add column asks          boolean not null default false,
    add column planned_by    text    collate "C",
    add column rest          text    not null default 'idle' check (rest in ('idle', 'interrupted', 'error')),
    add column thread_status text    not null generated always as
        (case when holder is null or left(holder, 5) = 'edit-' then rest else 'busy' end) stored;

update threads set rest = 'error'
where (select status from runs where runs.thread_id = threads.thread_id and not rolled_back order by number desc limit 1)
    in ('error', 'timeout');

create index threads_created on threads (created_at, thread_id);
create index threads_by_status on threads (thread_status, created_at, thread_id);
create index threads_by_graph on threads (graph, created_at, thread_id);
create index threads_metadata on threads using gin ((metadata::jsonb) jsonb_path_ops) where metadata <> '{}';

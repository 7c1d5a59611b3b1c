-- The record: one lean row a complaint, its words beside it, its history, its open work, its notices.
--
-- State of a complaint:   1 received, 2 verified, 3 postponed, 4 assigned, 5 in_progress, 6 returned,
--                         7 resolved, 8 archived, 9 blocked
-- State of an assignment: 1 ready, 2 leased, 3 taken, 4 waiting, 5 delayed, 6 parked, 7 done
-- Kind of an event:       1 placed, 10 + enum act, 30 + enum kind
-- Template of a notice:   1 received, 2 moved, 3 progress, 4 answered, 5 asked, 6 closed, 7 refused
create table complaint (
    complaint_id uuid primary key,              -- time-ordered: 48 bits of `created`
    number       bigint not null,               -- the tracking number's 60 bits
    version      bigint not null,
    received     timestamptz not null,          -- intake's commit: the legal clocks stand on it
    due_verify   timestamptz,
    due_first    timestamptz,
    due_resolve  timestamptz,
    holder       int not null,
    adapter      int not null,
    category     int,
    rules        int not null default 0,
    registry     int not null default 0,
    state        smallint not null,
    events       smallint not null default 1,   -- number of the last event that a notice may name
    channel      smallint not null,
    class        smallint,
    priority     smallint not null,
    rung         smallint not null,
    confidence   smallint not null,
    language     smallint,
    flags        smallint not null,             -- 1 anonymous, 2 secret, 4 oversight, 8 receipt doubtful,
                                                -- 16 a contact is kept: notices are made
    region       text
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
create index complaint_number on complaint (number);

-- What is written once: a change of state must not copy it.
create table content (
    complaint_id uuid primary key,
    digest       bytea not null,
    code_hash    bytea,
    decision     text,                          -- every rung's view, codes and parameters: JSON as it came
    title        text not null,
    body         text not null,
    location     text,
    target       text,                          -- as the reporter named it
    external     text,
    incident     text,
    latitude     int,
    longitude    int,
    raw_title    bytea,                         -- bytes as they came, where cleaning changed them
    raw_body     bytea,
    seal         bytea,                         -- identity; opened by nobody here
    seal_key     int,
    contact      bytea,                         -- sealed to the notifier
    contact_key  int,
    attachments  bytea
) with (toast_tuple_target = 8160);             -- compressing words of a few KiB costs more than it saves

create table event (
    complaint_id uuid not null,
    at           timestamptz not null,
    act_key      uuid not null,                 -- the actor's idempotency key
    version      bigint,                        -- the assignment's, after it: the first reply again
    principal    int not null,                  -- 0: the system
    agency       int,
    kind         smallint not null,
    number       smallint,                      -- within the complaint; null: concerns the assignment only
    text         text,
    data         jsonb,
    primary key (complaint_id, principal, act_key)
);

-- Open work, small and hot.  A lease changes no indexed column, so its update stays in the page.
create table assignment (
    complaint_id uuid not null,
    due          timestamptz not null,
    version      bigint not null,
    lease_until  timestamptz,                   -- of a lease, or of a delay
    agency       int not null,
    leased_by    int,
    state        smallint not null,
    priority     smallint not null,
    attempt      smallint not null default 0,
    nacks        smallint not null default 0,
    lead         boolean not null default true,
    queued       boolean not null default true, -- ready, leased or delayed: what a PULL looks through
    primary key (complaint_id, agency)
) with (fillfactor = 60, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.02,
        autovacuum_vacuum_cost_delay = 0);
create index assignment_queue on assignment (agency, priority, due, complaint_id) where queued;

-- The outbox.  A claim moves rows into one dispatch row, so that a notice costs two row writes.
create table notice (
    complaint_id uuid not null,
    not_before   timestamptz,
    recipient    int not null,                  -- 0: the reporter
    agency       int,
    event        smallint not null,
    template     smallint not null,
    attempt      smallint not null default 0,
    primary key (complaint_id, event, recipient)
) with (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0,
        autovacuum_vacuum_cost_delay = 0);

create table dispatch (
    dispatch_id uuid primary key,
    claimed_at  timestamptz not null,
    ids         uuid[] not null,
    events      smallint[] not null,
    recipients  int[] not null,
    agencies    int[] not null,
    templates   smallint[] not null,
    attempts    smallint[] not null
) with (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0,
        autovacuum_vacuum_cost_delay = 0);

alter table dispatch alter ids set storage external; -- random: compressing them is in vain

-- Notices that nobody sends by himself any more: unknown outcomes, ten failures, refused for ever.
create table notice_ended (
    complaint_id uuid not null,
    event        smallint not null,
    recipient    int not null,
    agency       int,
    template     smallint not null,
    attempt      smallint not null,
    outcome      smallint not null,             -- enum told; 2 failed ten times, 3 refused, 4 unknown
    code         int not null,
    at           timestamptz not null,
    primary key (complaint_id, event, recipient)
);

-- Submissions that could not take effect.  Nothing is thrown away.
create table refused (
    complaint_id uuid primary key,              -- the submission's own id
    parent       bigint not null,
    adapter      int not null,
    kind         smallint not null,
    reason       text not null,
    digest       bytea not null,
    submission   bytea not null,
    content      bytea not null,
    received     timestamptz not null,
    at           timestamptz not null
);
create table waiting (
    complaint_id uuid primary key,
    parent       bigint not null,
    adapter      int not null,
    kind         smallint not null,
    digest       bytea not null,
    submission   bytea not null,
    content      bytea not null,
    received     timestamptz not null,
    at           timestamptz not null
);
create index waiting_parent on waiting (parent);
create table quarantine (
    complaint_id uuid not null,
    digest       bytea not null,
    sqlstate     text not null,
    reason       text not null,
    owner        int not null,
    adapter      int not null,
    received     timestamptz not null,
    at           timestamptz not null,
    offer        bytea not null,
    submission   bytea not null,
    content      bytea not null,
    primary key (complaint_id, digest)
);

-- One digest a transaction; the sealer chains them.
create table audit_digest (
    digest_id bigint generated always as identity primary key,
    at        timestamptz not null,
    kind      smallint not null,                -- 1 place, 2 lease, 3 act, 4 claim, 5 told
    count     int not null,
    digest    bytea not null
);

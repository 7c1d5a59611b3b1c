-- The audit: docs/audit.md.  What may only be added, digests of it made by its tables themselves, links over the digests.
--
-- Kind of a digest: 10 what was there before (0056), 11 event, 12 change, 13 look, 14 identity_ask, 15 identity_approval,
--                   16 identity_opening; 1 to 9 are of no rows that stay: chained, and no more.
alter table event add tx bigint not null default 0;
alter table event alter tx set default txid_current ();
comment on column event.tx is 'the transaction that wrote it: docs/audit.md; 0: before the audit began';

alter table audit_digest
    add tx    bigint not null default 0,        -- as of the rows it is of
    add marks bytea;                            -- the first 8 bytes of each row's digest, in their order
alter table audit_digest alter tx set default txid_current ();
alter table audit_digest alter marks set storage external;
create index audit_digest_tx on audit_digest (tx);

create table audit_link (
    link_id bigint primary key,
    at      timestamptz not null,
    count   int not null,                       -- digests
    total   bigint not null,                    -- digests since the first link
    upper   bigint not null,                    -- the next link begins at this transaction
    floor   bigint not null,                    -- and takes no digest up to this one: an older cluster's
    newest  bigint not null,                    -- digest that any link covers
    covers  int8multirange not null,            -- the digests' numbers
    head    bytea not null                      -- SHA-256 over the head before and all of that
);

create table audit_signature (
    link_id   bigint primary key,
    at        timestamptz not null,
    total     bigint not null,
    head      bytea not null,
    key       bytea not null,                   -- Ed25519, the public half
    signature bytea not null
);

-- Who read what is secret or oversight.  For whose session there is no row of the last minutes, its words are not there
-- (session_looked).
create table look (
    look_id      bigint generated always as identity primary key,
    complaint_id uuid,                          -- null: an export, `reason` says of what
    at           timestamptz not null default clock_timestamp (),
    principal    int not null,
    what         smallint not null check (what in (1, 2, 3)), -- 1 a list's titles, 2 the case, 3 an export with texts
    reason       text,
    order_key    uuid not null,                 -- of the order: its repeat is no second look
    tx           bigint not null default txid_current ()
);
create index look_complaint on look (complaint_id, principal, at);
create unique index look_once on look (order_key, principal, complaint_id) nulls not distinct;

-- The way to a reporter's identity: somebody asks, somebody else approves, then it is opened, once.
create table identity_ask (
    ask_id       bigint generated always as identity primary key,
    complaint_id uuid not null,
    at           timestamptz not null default clock_timestamp (),
    principal    int not null references person,
    until        timestamptz not null,
    reason       text not null check (length (reason) >= 10),
    tx           bigint not null default txid_current (),
    check (until > at and until <= at + interval '7 days')
);
create index identity_ask_complaint on identity_ask (complaint_id);
create table identity_approval (
    ask_id    bigint primary key references identity_ask,
    at        timestamptz not null default clock_timestamp (),
    principal int not null references person,
    tx        bigint not null default txid_current ()
);
create table identity_opening (
    ask_id       bigint primary key references identity_approval,
    complaint_id uuid not null,
    at           timestamptz not null default clock_timestamp (),
    operator     text not null,                 -- user and host that the box is opened by, as the machine says
    key_id       int not null,
    tx           bigint not null default txid_current ()
);
create index identity_opening_at on identity_opening (at);
create index identity_opening_complaint on identity_opening (complaint_id);

-- May he ask for identities and approve what others ask?  Who has `opens` at the root, as coordinator or operator.
create function identity_may (person int) returns boolean language sql stable as $$
    select exists (
        select from appointment a join agency r on r.agency_id = a.agency_id and r.parent is null
        where a.principal_id = person and a.opens and a.role in (5, 9)
          and a.ended_at is null and (a.until is null or a.until > statement_timestamp ()))
$$;

-- ---- digests -----------------------------------------------------------------------------------------
-- A statement's new rows make one digest, whoever writes them: SHA-256 over the rows' own digests, in the order of
-- their marks; a row's is SHA-256 over its columns as record_send () writes them.  (`offset 0` keeps the planner from computing it
-- twice, once for each use.)  A column that joins a table later joins the digests of a new kind only.
create function audit_event () returns trigger language plpgsql as $$
begin
    insert into audit_digest (at, kind, count, digest, marks)
    select clock_timestamp (), 11, count (*), sha256 (string_agg (h, '')), string_agg (substr (h, 1, 8), '')
    from (select sha256 (record_send (row (complaint_id, at, act_key, version, principal, agency, kind, number, text, data, tx))) as h
          from added offset 0) r
    having count (*) > 0;
    return null;
end $$;
create trigger event_audited after insert on event referencing new table as added
    for each statement execute function audit_event ();

-- The same for tables that are written seldom: of this kind, of these columns.
create function audit_rows () returns trigger language plpgsql security definer set search_path = public as $$
begin
    execute format ('insert into audit_digest (at, kind, count, digest, marks)
        select clock_timestamp (), %s, count (*), sha256 (string_agg (h, '''')), string_agg (substr (h, 1, 8), '''')
        from (select sha256 (record_send (row (%s))) as h from added offset 0) r
        having count (*) > 0', tg_argv[0], tg_argv[1]);
    return null;
end $$;
create trigger change_audited after insert on change referencing new table as added
    for each statement execute function audit_rows ('12', 'change_id, at, principal_id, name, agency_id, subject, old, new, tx');
create trigger look_audited after insert on look referencing new table as added
    for each statement execute function audit_rows ('13', 'look_id, complaint_id, at, principal, what, reason, order_key, tx');
create trigger identity_ask_audited after insert on identity_ask referencing new table as added
    for each statement execute function audit_rows ('14', 'ask_id, complaint_id, at, principal, until, reason, tx');
create trigger identity_approval_audited after insert on identity_approval referencing new table as added
    for each statement execute function audit_rows ('15', 'ask_id, at, principal, tx');
create trigger identity_opening_audited after insert on identity_opening referencing new table as added
    for each statement execute function audit_rows ('16', 'ask_id, complaint_id, at, operator, key_id, tx');

-- ---- append-only -------------------------------------------------------------------------------------
-- Nobody changes it by mistake, the owner neither.  Who takes the triggers off can: that is what the chain is for, and the
-- verifier says that they are off.
create function append_only () returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = '42501';
end $$;
create trigger event_kept before update or delete or truncate on event execute function append_only ();
create trigger audit_digest_kept before update or delete or truncate on audit_digest execute function append_only ();
create trigger audit_link_kept before update or delete or truncate on audit_link execute function append_only ();
create trigger audit_signature_kept before update or delete or truncate on audit_signature execute function append_only ();
create trigger change_kept before update or delete or truncate on change execute function append_only ();
create trigger look_kept before update or delete or truncate on look execute function append_only ();
create trigger identity_ask_kept before update or delete or truncate on identity_ask execute function append_only ();
create trigger identity_approval_kept before update or delete or truncate on identity_approval execute function append_only ();
create trigger identity_opening_kept before update or delete or truncate on identity_opening execute function append_only ();

-- ---- who may look ------------------------------------------------------------------------------------
-- Has the person of this session said within the last 15 minutes that he looks at this complaint?
create function session_looked (complaint uuid) returns boolean language sql stable security definer set search_path = public as $$
    select exists (
        select from look l
        where l.complaint_id = session_looked.complaint and l.at > statement_timestamp () - interval '15 minutes'
          and l.principal = (select session_reader ()))
$$;

revoke update, delete, truncate on event, audit_digest from aduan_store;
grant select, insert on audit_link, audit_signature, look, identity_ask, identity_approval to aduan_store;
grant select on identity_opening to aduan_store;
grant usage on all sequences in schema public to aduan_store;

-- aduan_audit reads what the verifier needs, and no complaint's content; aduan_identity gets its rights in 0058.sql
do $$ begin
    if not exists (select from pg_roles where rolname = 'aduan_audit') or not exists (select from pg_roles where rolname = 'aduan_identity') then
        raise exception 'the roles aduan_audit and aduan_identity are missing: run deploy/roles.sql first';
    end if;
end $$;
grant usage on schema public to aduan_audit, aduan_identity;
grant select on event, audit_digest, audit_link, audit_signature, change, look, identity_ask, identity_approval, identity_opening,
    complaint, agency, principal, appointment to aduan_audit;
grant select (principal_id, login, name) on person to aduan_audit;

-- Row-level security as 0048 has it; the verifier reads all rows of what it may read.
select guard_rows (t) from unnest (array['look', 'identity_ask', 'identity_approval', 'identity_opening']::regclass[]) t;
do $$
declare
    each text;
begin
    foreach each in array array['event', 'complaint', 'principal', 'person', 'appointment', 'change', 'look', 'identity_ask', 'identity_approval', 'identity_opening'] loop
        execute format ('create policy aduan_audit_all on %I for select to aduan_audit using (true)', each);
    end loop;
end $$;

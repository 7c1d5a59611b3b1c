-- Orders: what people administer, docs/administration.md.  An order is one statement of store/sql/order; it judges itself by the
-- tree and the appointments as they are, writes, and leaves here what it did, so that its repeat is answered as it was.

-- Answers of orders that took effect, for their repeats; purged after 30 days.
create table ordered (
    principal_id int not null,                  -- the person
    key          uuid not null,                 -- the order's own
    name         text not null,
    digest       bytea not null,                -- SHA-256 of name and arguments, passwords left out
    at           timestamptz not null default clock_timestamp (),
    result       jsonb not null,                -- without what is told once
    primary key (principal_id, key)
);
create index ordered_at on ordered (at);

-- Who changed what; nothing is ever taken out.
create table change (
    change_id    bigint generated always as identity primary key,
    at           timestamptz not null default clock_timestamp (),
    principal_id int not null,                  -- the person; 0: the installation's shell
    name         text not null,                 -- of the order
    agency_id    int,                           -- whose part of the tree it concerns; null: nobody's but the person's own
    subject      text not null,                 -- a code, a login, a key's name, a tracking number
    old          jsonb,
    new          jsonb,
    tx           bigint not null default txid_current () -- the transaction that wrote it: docs/audit.md
);
create index change_agency on change (agency_id, change_id);

-- What an order did goes down in its own transaction.  Returns the result again, for the statement to say.
create function order_done (person int, name text, arguments jsonb, key uuid, agency int, subject text, old jsonb, new jsonb, result jsonb)
returns jsonb language plpgsql volatile as $$
begin
    insert into change (principal_id, name, agency_id, subject, old, new)
    values (person, order_done.name, agency, order_done.subject, order_done.old, order_done.new);
    insert into ordered (principal_id, key, name, digest, result)
    values (person, order_done.key, order_done.name, decode (arguments ->> 'digest', 'hex'), coalesce (order_done.result, '{}'))
    on conflict do nothing;
    return coalesce (order_done.result, '{}');
end $$;

-- One order at a time, and none while aduan-migrate is at work: what one judges by no other changes meanwhile.  The session must
-- be there still; null: an order without one.
create function order_hold (token bytea, person int) returns void language plpgsql volatile as $$
begin
    perform pg_advisory_xact_lock (4157440311);
    if token is not null then
        perform from session s where s.token_hash = sha256 (token) and s.principal_id = person and s.ends_at > statement_timestamp ()
        for share;
        if not found then
            raise exception 'the session is over' using errcode = 'AD003';
        end if;
    end if;
end $$;

-- Why this person may not order it here: enum reason; null: he may.  `roles`: bits 1 << role.  What is not his to see is as if it
-- were not there.
create function order_fault (person int, agency int, roles int) returns smallint language sql stable as $$
    select case when agency is null or not person_may (person, agency, 992) then 3
                when not person_may (person, agency, roles) then 13 end
$$;

-- A person's appointments in force, as a session's beginning and a person's page say them; by its owner's rights, as people ask it
-- by their session, too (0046).
create function person_appointments (person int) returns jsonb language sql stable security definer set search_path = public as $$
    select coalesce (jsonb_agg (jsonb_build_object ('agency', g.code, 'agency_id', g.agency_id, 'agency_name', g.name,
               'role', (array['coordinator', 'agency_admin', 'liaison', 'overseer', 'operator'])[a.role - 4],
               'named', a.named, 'until', a.until, 'deputy_of', d.login) order by a.role, g.code), '[]')
    from appointment a
    join agency g on g.agency_id = a.agency_id
    left join person d on d.principal_id = a.deputy_of
    where a.principal_id = person and a.ended_at is null and (a.until is null or a.until > statement_timestamp ())
$$;

revoke execute on function order_done, order_hold from public;
grant execute on function order_done, order_hold to aduan_store;
grant select, insert, delete on ordered to aduan_store;
grant select, insert on change to aduan_store;
grant usage on all sequences in schema public to aduan_store;

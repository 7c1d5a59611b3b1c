-- Programs that come in by HTTP: their bearer tokens (docs/channels.md, "Integrators").  A token speaks for an adapter's key.

-- A CURVE key whose secret half nobody has: 32 random bytes as Z85.  Who holds no secret half comes in by no door of ZeroMQ.
create function key_of_nobody () returns text language plpgsql volatile as $$
declare
    signs constant text := '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';
    bytes bytea := sha256 (uuid_send (gen_random_uuid ()) || uuid_send (gen_random_uuid ()) || uuid_send (gen_random_uuid ()));
    part  bigint;
    key   text := '';
begin
    for i in 0 .. 7 loop
        part := ('x' || encode (substr (bytes, 4 * i + 1, 4), 'hex'))::bit (32)::bigint;
        for place in reverse 4 .. 0 loop
            key := key || substr (signs, (part / (85 ^ place)::bigint % 85)::int + 1, 1);
        end loop;
    end loop;
    return key;
end $$;

create table token (
    token_hash   bytea primary key,             -- SHA-256 of the token, which nobody keeps here
    principal_id int not null references principal,
    sandbox      boolean not null,              -- what it submits is judged and answered, and not kept
    expected     boolean not null,              -- Open311: expected_datetime is sent, where it is known
    requests     int not null,                  -- a minute
    submissions  int not null,                  -- a day
    since        timestamptz not null default now (),
    ends_at      timestamptz                    -- of one that was replaced: until when it is good beside the new one
);
create unique index token_in_force on token (principal_id, sandbox) where ends_at is null;
select guard_rows ('token');
create policy seen on token for select to aduan_desk using (exists (select from principal p where p.principal_id = token.principal_id));
grant select (principal_id, sandbox, expected, requests, submissions, since, ends_at) on token to aduan_desk;
grant select, insert, update, delete on token to aduan_store;

-- Who its clients are is published with the keys: their version tells aduan-web that something is new.
create trigger token_changed after insert or update or delete on token for each statement execute function snapshot_raise ('1');

-- Who may come in by HTTP, and as what.  `known`: the version that the asker has; with the same there is no list.
create function web.clients (known text) returns jsonb language sql stable security definer set search_path = public as $$
    select jsonb_build_object ('version', v.version, 'clients', case when v.version is distinct from clients.known then (
               select coalesce (jsonb_agg (jsonb_build_object (
                          'token_hash', encode (t.token_hash, 'hex'), 'account', p.name, 'principal', p.principal_id, 'rights', p.rights, 'sandbox', t.sandbox,
                          'requests', t.requests, 'submissions', t.submissions, 'expected_datetime', t.expected, 'until', t.ends_at) order by p.name, t.since), '[]')
               from token t join principal p on p.principal_id = t.principal_id and p.role = 1 and p.revoked_at is null
               where t.ends_at is null or t.ends_at > statement_timestamp ()) end)
    from (select concat_ws ('.', i.epoch, s.version) as version from installation i, snapshot s where s.kind = 1) v
$$;

-- An adapter's tokens as the page of its key shows them.
create function desk_tokens (principal int) returns jsonb language sql stable as $$
    select jsonb_agg (jsonb_build_object ('sandbox', t.sandbox, 'expected', t.expected, 'requests', t.requests, 'submissions', t.submissions,
                                          'since', t.since, 'until', t.ends_at) order by t.sandbox, t.since desc)
    from token t where t.principal_id = principal and (t.ends_at is null or t.ends_at > statement_timestamp ())
$$;

revoke execute on function key_of_nobody, web.clients from public;
grant execute on function key_of_nobody to aduan_store;
grant execute on function web.clients to aduan_web;

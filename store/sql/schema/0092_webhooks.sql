-- Webhooks: the feed, sent to those who submit for others (docs/channels.md, "Webhooks").
--
-- What is told is no row of its own: a webhook has a cursor of the feed, which goes on when its receiver has taken a batch.  What is
-- being tried is so many events behind it, so that a repeat is the same batch under the same id.
create table hook (
    hook_id      int generated always as identity primary key,
    principal_id int not null references principal,
    url          text not null,
    events       text[],                        -- types that are told; null: all
    salt         uuid not null,                 -- its secret is made of this and keys/access.key, and kept nowhere
    old_salt     uuid,                          -- of the secret before it, by which is signed, too, for a day
    old_until    timestamptz,
    since        timestamptz not null default now (),
    cursor       text not null,                 -- all before it was taken
    batch        smallint,                      -- how many events are tried, or were in vain; null: none
    batch_to     text,                          -- the cursor behind them
    attempt      smallint not null default 0,   -- failures in a row
    next_at      timestamptz not null default now (),
    claim        uuid,                          -- of the notifier that tries it now
    claim_until  timestamptz,
    test         uuid,                          -- a test delivery is to be made
    testing      boolean not null default false, -- it is what is tried now
    test_status  int,
    test_at      timestamptz,
    status       int,                           -- of the last try: HTTP's, enum hook_fault, or libcurl's error + 10,000
    status_at    timestamptz,
    delivered_at timestamptz,
    delivered    bigint not null default 0,     -- events, ever
    paused       boolean not null default false,
    parked_at    timestamptz                    -- ten failures in a row: its owner's agency looks, and resumes it
) with (fillfactor = 50);
create unique index hook_url on hook (principal_id, url);
select guard_rows ('hook');
create policy seen on hook for select to aduan_desk using (exists (select from principal p where p.principal_id = hook.principal_id));
grant select (hook_id, principal_id, url, events, since, cursor, attempt, next_at, test, test_status, test_at, status, status_at, delivered_at, delivered, paused,
              parked_at, old_until) on hook to aduan_desk;
grant select (hook_id, parked_at) on hook to aduan_query;
grant select, insert, update, delete on hook to aduan_store;

-- An address as people and the record of changes see it: what stands behind its question mark may let somebody in.
create function url_shown (url text) returns text language sql immutable as $$
    select regexp_replace (url, '\?.*$', '?…')
$$;

-- Why he may not order this of a webhook: enum reason; null: he may.
create function hook_fault (person int, hook int) returns smallint language sql stable as $$
    select case when p.principal_id is null then 3::smallint else key_held_fault (person, p.principal_id) end
    from (values (1)) one
    left join hook h on h.hook_id = hook_fault.hook
    left join principal p on p.principal_id = h.principal_id and p.revoked_at is null
$$;

-- Are these words of things that the feed tells?
create function told_types (types text[]) returns boolean language sql stable as $$
    select types is null or cardinality (types) between 1 and 50 and not exists (
        select from unnest (types) t (word)
        where t.word is null or t.word not in ('placed', 'joined', 'followed', 'not_oversight') and not exists (select from step s where s.word = t.word and s.told))
$$;

-- When it is tried again after so many failures in a row: 5 s, three times as long each time, an hour at most; a quarter of jitter.
create function hook_pause (failures int) returns interval language sql volatile as $$
    select make_interval (secs => least (5 * 3 ^ (failures - 1), 3600) * (1 + random () / 4))
$$;

-- The next batch of a webhook that is due, now this claim's for a minute.  One whose number is not above `after` comes last, so that
-- whoever asks again and again passes all.  No row: nothing waits.
create function hook_collect (after int, claim uuid)
returns table (hook int, url text, salt uuid, old_salt uuid, message text, body text) language plpgsql volatile as $$
declare
    over bigint := pg_snapshot_xmin (pg_current_snapshot ())::text::bigint;
    h    hook;
    here feed_position;
    said jsonb;
begin
    for h in
        select k.* from hook k join principal p on p.principal_id = k.principal_id and p.revoked_at is null
        where (k.test is not null or not k.paused and k.parked_at is null and k.next_at <= clock_timestamp ()) and (k.claim is null or k.claim_until <= clock_timestamp ())
        order by k.hook_id <= after, k.hook_id limit 50
        for update of k skip locked
    loop
        if h.test is not null then
            said := jsonb_build_object ('test', true, 'events', '[]'::jsonb, 'at', moment_text (clock_timestamp ()));
            message := 'test-' || replace (h.test::text, '-', '');
        else
            here := feed_start (h.cursor);
            if here.epoch = (select i.epoch from installation i)
               and not exists (select from audit_digest d where d.kind = 11 and d.tx >= here.place + (here.number = 2147483647)::int and d.tx < over) then
                continue; -- nothing at all happened since
            end if;
            said := feed_page (h.principal_id, h.cursor, coalesce (h.batch, 25), h.events);
            if said ? 'fault' then
                said := feed_page (h.principal_id, '', coalesce (h.batch, 25), h.events); -- told again is better than not told
            end if;
            if said -> 'events' = '[]' then
                -- its place moves now and then, so that what is of no concern to it is not looked through again and again
                update hook k set cursor = said ->> 'cursor', batch = null, batch_to = null
                where k.hook_id = h.hook_id
                  and ((said -> 'more')::boolean or here.number < 2147483647 or (feed_start (said ->> 'cursor')).place > here.place + 1000);
                continue;
            end if;
            message := format ('hook%s-%s-%s', h.hook_id, said -> 'events' -> 0 ->> 'id', jsonb_array_length (said -> 'events'));
        end if;
        update hook k
        set claim = hook_collect.claim, claim_until = clock_timestamp () + interval '1 minute', testing = h.test is not null,
            batch = case when h.test is null then jsonb_array_length (said -> 'events') else k.batch end,
            batch_to = case when h.test is null then said ->> 'cursor' else k.batch_to end
        where k.hook_id = h.hook_id;
        hook := h.hook_id;
        url := h.url;
        salt := h.salt;
        old_salt := case when h.old_until > clock_timestamp () then h.old_salt end;
        body := (said - 'more' - case when (said -> 'restored')::boolean then '' else 'restored' end)::text;
        return next;
        return;
    end loop;
end $$;

-- What became of it.  Status 0: it was not tried, and is due again.
create function hook_note (hook int, claim uuid, status int) returns void language sql volatile as $$
    update hook k
    set claim = null, claim_until = null, testing = false,
        test = case when k.testing and t.tried then null else k.test end, test_status = case when k.testing and t.tried then hook_note.status else k.test_status end,
        test_at = case when k.testing and t.tried then clock_timestamp () else k.test_at end,
        status = case when t.counts then hook_note.status else k.status end, status_at = case when t.counts then clock_timestamp () else k.status_at end,
        cursor = case when t.taken then k.batch_to else k.cursor end, delivered = k.delivered + case when t.taken then k.batch else 0 end,
        delivered_at = case when t.taken then clock_timestamp () else k.delivered_at end,
        batch = case when t.taken then null else k.batch end, batch_to = case when t.taken then null else k.batch_to end,
        attempt = case when t.taken then 0 when t.counts then k.attempt + 1 else k.attempt end,
        next_at = case when t.counts and not t.taken then clock_timestamp () + hook_pause (k.attempt + 1) else k.next_at end,
        parked_at = case when t.counts and not t.taken and (k.attempt >= 9 or hook_note.status = 410) then clock_timestamp () else k.parked_at end
    from (select w.hook_id, hook_note.status <> 0 as tried, hook_note.status <> 0 and not w.testing as counts,
                 hook_note.status between 200 and 299 and not w.testing as taken
          from hook w where w.hook_id = hook_note.hook) t
    where k.hook_id = t.hook_id and k.claim = hook_note.claim
$$;

-- A webhook as its people see it.
create function desk_hooks (principal int) returns jsonb language sql stable as $$
    select jsonb_agg (jsonb_build_object ('webhook', h.hook_id, 'url', url_shown (h.url), 'events', h.events,
                                          'state', case when h.parked_at is not null then 'parked' when h.paused then 'paused' when h.attempt > 0 then 'failing' else 'active' end,
                                          'attempt', h.attempt, 'next_at', h.next_at,
                                          'status', h.status, 'status_at', h.status_at, 'delivered', h.delivered, 'delivered_at', h.delivered_at, 'since', h.since,
                                          'parked_at', h.parked_at, 'testing', h.test is not null, 'test_status', h.test_status, 'test_at', h.test_at,
                                          'old_until', case when h.old_until > statement_timestamp () then h.old_until end) order by h.hook_id)
    from hook h where h.principal_id = desk_hooks.principal
$$;

revoke execute on function hook_collect, hook_note from public;
grant execute on function hook_collect, hook_note to aduan_store;

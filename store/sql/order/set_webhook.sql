-- Where the feed of an adapter is sent.  Said again of the same address it changes what is told, and its secret: the one before is
-- signed by, too, for a day.
--   $1 person  $2 arguments: name, url; events (types), from (as a cursor of the feed; absent: now, or where it stands); of the store
--   plain (http is taken, too)  $3 key: the secret is made of it
with asked as materialized (
    select p.principal_id as who, p.name, p.role, $2::jsonb ->> 'url' as url, feed_start (coalesce ($2::jsonb ->> 'from', 'now')) as start, $2::jsonb ->> 'from' as from,
           case jsonb_typeof ($2::jsonb -> 'events') when 'array' then array (select jsonb_array_elements_text ($2::jsonb -> 'events'))
                                                     when 'string' then string_to_array ($2::jsonb ->> 'events', ',') end as events,
           coalesce (p.agency_id, (select agency_id from agency where parent is null order by agency_id limit 1)) as owner
    from (values (1)) one left join principal p on p.name = $2::jsonb ->> 'name' and p.role in (1, 2) and p.revoked_at is null
), judged as materialized (
    select a.*, v.fault, v.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, case when a.who is null then 3::smallint else coalesce (key_held_fault ($1::int, a.who), case when a.role <> 1 then 15 end::smallint) end, 'name'),
                     (2, case when a.url is null or length (a.url) > 2000
                                   or a.url !~ '^https?://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!-~]*)?$' or a.url ~ '[#\\]'
                                   or (a.url ~ '^http:' and ($2::jsonb ->> 'plain')::boolean is not true) then 15 end::smallint, 'url'),
                     (3, case when not told_types (a.events) then 15 end::smallint, 'events'),
                     (4, case when a.start is null then 15 end::smallint, 'from'),
                     (5, case when (select count (*) from hook h where h.principal_id = a.who and h.url <> a.url) >= 10 then 2 end::smallint, 'name')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) v on true
), made as (
    insert into hook as h (principal_id, url, events, salt, cursor)
    select j.who, j.url, j.events, $3::uuid, feed_cursor (j.start) from judged j where j.fault is null
    on conflict (principal_id, url) do update
        set events = excluded.events, old_salt = h.salt, old_until = statement_timestamp () + interval '1 day', salt = excluded.salt, paused = false, parked_at = null,
            attempt = 0, next_at = statement_timestamp (), batch = null, batch_to = null, claim = null, claim_until = null,
            cursor = case when (select j.from from judged j) is null then h.cursor else excluded.cursor end
    returning h.hook_id, h.old_until
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when j.fault is null
            then order_done ($1::int, 'set_webhook', $2::jsonb, $3::uuid, j.owner, j.name, null,
                             jsonb_build_object ('webhook', m.hook_id, 'url', url_shown (j.url), 'events', j.events, 'from', j.from),
                             jsonb_build_object ('webhook', m.hook_id, 'client', j.name, 'old_until', m.old_until))::text end
from judged j left join made m on true

-- A webhook is told again, or on, from another place of the feed.
--   $1 person  $2 arguments: webhook, from (a cursor, a moment, `now`; empty: the beginning)  $3 key
with asked as materialized (
    select h.hook_id as hook, p.name, coalesce (p.agency_id, (select agency_id from agency where parent is null order by agency_id limit 1)) as owner,
           feed_start ($2::jsonb ->> 'from') as start
    from (values (1)) one left join hook h on h.hook_id = ($2::jsonb ->> 'webhook')::int left join principal p on p.principal_id = h.principal_id
), judged as materialized (
    select a.*, v.fault, v.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, hook_fault ($1::int, a.hook), 'webhook'), (2, case when a.start is null then 15 end::smallint, 'from')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) v on true
), done as (
    update hook h set cursor = feed_cursor (j.start), batch = null, batch_to = null, claim = null, claim_until = null, attempt = 0, next_at = statement_timestamp ()
    from judged j where j.fault is null and h.hook_id = j.hook
    returning h.hook_id
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when j.fault is null
            then order_done ($1::int, 'replay_webhook', $2::jsonb, $3::uuid, j.owner, j.name, null, jsonb_build_object ('webhook', j.hook, 'from', $2::jsonb ->> 'from'),
                             jsonb_build_object ('webhook', d.hook_id))::text end
from judged j left join done d on true

-- A webhook is told nothing any more.
--   $1 person  $2 arguments: webhook  $3 key
with asked as materialized (
    select h.hook_id as hook, h.url, p.name, coalesce (p.agency_id, (select agency_id from agency where parent is null order by agency_id limit 1)) as owner
    from (values (1)) one left join hook h on h.hook_id = ($2::jsonb ->> 'webhook')::int left join principal p on p.principal_id = h.principal_id
), judged as materialized (
    select a.*, hook_fault ($1::int, a.hook) as fault from asked a
), done as (
    delete from hook h using judged j where j.fault is null and h.hook_id = j.hook
    returning h.hook_id
)
select case when j.fault is null then 1 else 3 end, j.fault, case when j.fault is not null then 'webhook' end,
       case when j.fault is null
            then order_done ($1::int, 'remove_webhook', $2::jsonb, $3::uuid, j.owner, j.name, null, jsonb_build_object ('webhook', j.hook, 'url', url_shown (j.url)),
                             jsonb_build_object ('webhook', d.hook_id))::text end
from judged j left join done d on true

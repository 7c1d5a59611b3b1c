-- Somebody types a report for who reports it: this goes down before the report itself, which carries the same number as its `external`.
-- So no report of a desk is there without who typed it; an order without a report is one that was not sent in the end.
--   $1 person  $2 arguments: external ("desk:" and 32 hexadecimal digits), channel (walk-in, letter, hotline)  $3 key
with asked as materialized (
    select $2::jsonb ->> 'external' as external, $2::jsonb ->> 'channel' as channel,
           (select p.agency_id from appointment p
            where p.principal_id = $1::int and p.role in (5, 6, 7) and p.ended_at is null and (p.until is null or p.until > statement_timestamp ())
            order by p.role, p.agency_id limit 1) as agency
), judged as materialized (
    select a.*, case when a.agency is null then 13
                     when a.external is null or a.external !~ '^desk:[0-9a-f]{32}$' then 15
                     when a.channel is null or a.channel not in ('walk-in', 'letter', 'hotline') then 15 end as fault,
           case when a.agency is null then null
                when a.external is null or a.external !~ '^desk:[0-9a-f]{32}$' then 'external' else 'channel' end as detail
    from asked a
)
select case when j.fault is null then 1 else 3 end, j.fault, case when j.fault is not null then j.detail end,
       case when j.fault is null
            then order_done ($1::int, 'typed', $2::jsonb, $3::uuid, j.agency, j.external, null, jsonb_build_object ('channel', j.channel), '{}')::text end
from judged j

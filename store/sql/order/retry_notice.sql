-- Parked notices go out again, as if they had not been tried: all of a complaint, one event's, or every one.  Those of an unknown
-- outcome only where the complaint is named: the reporter may have them already.  Whoever looks after the gateways may: a
-- coordinator or operator of the root.
--   $1 person  $2 arguments: number (tracking number or id) and perhaps event, or all; reason  $3 key
with root as (
    select agency_id from agency where parent is null and retired_at is null order by agency_id limit 1
), asked as materialized (
    select r.agency_id as root, trim ($2::jsonb ->> 'reason') as reason, coalesce (($2::jsonb ->> 'all')::boolean, false) as every,
           ($2::jsonb ->> 'event')::int as event, $2::jsonb ->> 'number' as named,
           case when $2::jsonb ->> 'number' ~* '^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$' then ($2::jsonb ->> 'number')::uuid
                else (select complaint_id from complaint where number = number_bits ($2::jsonb ->> 'number') limit 1) end as complaint
    from root r
), found as materialized (
    select n.complaint_id, n.event, n.recipient
    from asked a, notice_ended n
    where a.complaint = n.complaint_id and (a.event is null or a.event = n.event) and not a.every
    union all
    select n.complaint_id, n.event, n.recipient
    from asked a, notice_ended n
    where a.every and n.outcome in (2, 3)
), judged as materialized (
    select a.*, v.fault, v.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, case when $1::int <> 0 then order_fault ($1::int, a.root, 544) end, 'number'),
                     (2, case when a.every = (a.named is not null) then 15 end::smallint, 'number'),
                     (3, case when coalesce (a.reason, '') = '' then 15 end::smallint, 'reason'),
                     (4, case when not exists (select from found) then 3 end::smallint, 'number')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) v on true
), gone as (
    delete from notice_ended n using found f, judged j
    where j.fault is null and n.complaint_id = f.complaint_id and n.event = f.event and n.recipient = f.recipient
    returning n.complaint_id, n.event, n.recipient, n.agency, n.template, n.channel
), fresh as (
    insert into notice (complaint_id, recipient, agency, event, template)
    select complaint_id, recipient, agency, event, template from gone where channel is null
    on conflict do nothing
), aside as (
    insert into notice_aside (complaint_id, not_before, recipient, agency, code, event, template, attempt, channel)
    select complaint_id, clock_timestamp (), recipient, agency, 0, event, template, 0, channel from gone where channel is not null
    on conflict do nothing
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       (case when j.fault is null
             then order_done ($1::int, 'retry_notice', $2::jsonb, $3::uuid, j.root, coalesce ((select number_text (number) from complaint where complaint_id = j.complaint), 'all'),
                              null, jsonb_build_object ('reason', j.reason),
                              jsonb_build_object ('notices', (select count (*) from gone))) end)::text
from judged j

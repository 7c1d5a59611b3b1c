-- Asks for a reporter's identity: of one complaint, for a reason, until a moment.  Another person approves it, and then it is
-- opened once, where the offline key is (docs/audit.md).  Of a part that was split off it is the identity of the complaint it came
-- from, which the answer names.
--   $1 person  $2 arguments: complaint (tracking number or id), reason (10 to 1000 signs), hours (1 to 168)  $3 key
with said as materialized (
    select trim ($2::jsonb ->> 'reason') as reason, case when $2::jsonb ->> 'hours' ~ '^[0-9]{1,3}$' then ($2::jsonb ->> 'hours')::int end as hours,
           identity_may ($1::int) as may,
           case when $2::jsonb ->> 'complaint' ~* '^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$' then ($2::jsonb ->> 'complaint')::uuid
                else (select complaint_id from complaint where number = number_bits ($2::jsonb ->> 'complaint') limit 1) end as named
), judged as materialized (
    select s.*, c.complaint_id, c.number,
           case when not s.may then 13
                when coalesce (length (s.reason), 0) not between 10 and 1000 then 15
                when coalesce (s.hours, 0) not between 1 and 168 then 15
                when c.complaint_id is null then 3
                when t.seal_key is null then 2 end as fault,
           case when coalesce (length (s.reason), 0) not between 10 and 1000 then 'reason'
                when coalesce (s.hours, 0) not between 1 and 168 then 'hours' else 'complaint' end as detail
    from said s
    left join complaint c on c.complaint_id = identity_case (s.named)
    left join content t on t.complaint_id = c.complaint_id
), asked as (
    insert into identity_ask (complaint_id, principal, until, reason)
    select complaint_id, $1::int, clock_timestamp () + make_interval (hours => hours), reason from judged where fault is null
    returning ask_id, until
)
select case when j.fault is null then 1 else 3 end, j.fault, case when j.fault <> 13 then j.detail end,
       (case when j.fault is null
             then order_done ($1::int, 'ask_identity', $2::jsonb, $3::uuid, null, number_text (j.number), null,
                              jsonb_build_object ('request', a.ask_id), jsonb_build_object ('request', a.ask_id, 'number', number_text (j.number), 'until', a.until)) end)::text
from judged j left join asked a on true

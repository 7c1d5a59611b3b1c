-- Approves what another person asked: the second of two, who has the same right and is not the first.
--   $1 person  $2 arguments: request (its number)  $3 key
with asked as materialized (
    select a.ask_id, a.principal, a.until, c.number, exists (select from identity_approval b where b.ask_id = a.ask_id) as approved
    from identity_ask a join complaint c on c.complaint_id = a.complaint_id
    where $2::jsonb ->> 'request' ~ '^[0-9]{1,18}$' and a.ask_id = ($2::jsonb ->> 'request')::bigint
), judged as materialized (
    select a.*, case when not identity_may ($1::int) then 13
                     when a.ask_id is null then 3
                     when a.principal = $1::int then 13
                     when a.approved or a.until <= clock_timestamp () then 2
                     when not identity_may (a.principal) then 2 end as fault
    from (values (1)) one left join asked a on true
), approved as (
    insert into identity_approval (ask_id, principal) select ask_id, $1::int from judged where fault is null
    returning ask_id
)
select case when j.fault is null then 1 else 3 end, j.fault, case when j.fault is not null then 'request' end,
       (case when j.fault is null
             then order_done ($1::int, 'approve_identity', $2::jsonb, $3::uuid, null, number_text (j.number), null,
                              jsonb_build_object ('request', a.ask_id), jsonb_build_object ('request', a.ask_id, 'until', j.until)) end)::text
from judged j left join approved a on true

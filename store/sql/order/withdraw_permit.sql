-- What permit gave ends at once.
--   $1 person  $2 arguments: permit (its number)  $3 key
with asked as materialized (
    select p.permit_id, c.holder, number_text (c.number) as number, c.flags & 4 <> 0 as oversight
    from (values (1)) one
    left join permit p on p.permit_id = ($2::jsonb ->> 'permit')::bigint and p.ended_at is null
    left join complaint c on c.complaint_id = p.complaint_id
), judged as materialized (
    select a.*, case when a.oversight then case when not person_reads_oversight ($1::int, a.holder) then 3::smallint end
                     else order_fault ($1::int, a.holder, 32) end as fault
    from asked a
), ended as (
    update permit p set ended_at = statement_timestamp () from judged j where j.fault is null and p.permit_id = j.permit_id
)
select case when j.fault is null then 1 else 3 end, j.fault, case when j.fault is not null then 'permit' end,
       case when j.fault is null then order_done ($1::int, 'withdraw_permit', $2::jsonb, $3::uuid, j.holder, j.number, jsonb_build_object ('permit', j.permit_id), null, '{}')::text end
from judged j

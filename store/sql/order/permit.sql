-- Somebody reads one case that is not in his scope: until a day, for a reason.  Oversight content is shown by its own named staff, to
-- persons alone.
--   $1 person  $2 arguments: number, person or agency, level (state, content), days (1 to 90), reason  $3 key
with asked as materialized (
    select c.complaint_id, c.holder, c.flags & 4 <> 0 as oversight, case when $2::jsonb ? 'agency' then agency_named ($2::jsonb ->> 'agency') end as agency,
           case when $2::jsonb ? 'person' then person_named ($2::jsonb ->> 'person') end as reader,
           case $2::jsonb ->> 'level' when 'state' then 1 when 'content' then 2 end as level, coalesce (($2::jsonb ->> 'days')::int, 0) as days,
           btrim ($2::jsonb ->> 'reason') as reason, upper ($2::jsonb ->> 'number') as number
    from (values (1)) one left join complaint c on c.number = number_bits ($2::jsonb ->> 'number')
), judged as materialized (
    select a.*, v.fault, v.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, case when a.oversight and not person_reads_oversight ($1::int, a.holder) then 3::smallint else order_fault ($1::int, a.holder, 992) end, 'number'),
                     (2, case when not a.oversight then order_fault ($1::int, a.holder, 32) end, 'number'),
                     (3, case when ($2::jsonb ? 'agency') = ($2::jsonb ? 'person') or a.oversight and a.agency is not null then 15::smallint
                              when num_nonnulls (a.agency, a.reader) = 0 or a.reader = $1::int then 3
                              when a.reader is not null then reader_fault ($1::int, a.reader, a.holder) end,
                      case when $2::jsonb ? 'agency' then 'agency' else 'person' end),
                     (4, case when a.level is null then 15 end::smallint, 'level'),
                     (5, case when a.days not between 1 and 90 then 15 end::smallint, 'days'),
                     (6, case when a.reason is null or length (a.reason) not between 3 and 500 then 15 end::smallint, 'reason')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) v on true
), made as (
    insert into permit (complaint_id, agency_id, principal_id, level, until, granted_by, reason)
    select j.complaint_id, j.agency, j.reader, j.level, statement_timestamp () + make_interval (days => j.days), $1::int, j.reason from judged j where j.fault is null
    returning permit_id, until
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when j.fault is null
            then order_done ($1::int, 'permit', $2::jsonb, $3::uuid, j.holder, j.number, null, jsonb_build_object ('permit', m.permit_id, 'until', m.until) || ($2::jsonb - 'digest' - 'front' - 'idle' - 'lasts' - 'invited' - 'session' - 'plain'),
                             jsonb_build_object ('permit', m.permit_id, 'until', m.until))::text end
from judged j left join made m on true

-- Somebody is about to read what is secret or oversight content: it goes down before he does, and without it he reads nothing
-- (session_looked, docs/audit.md).  What is not in his scope is passed by: he will not see it, whatever he says.
--   $1 person  $2 arguments: complaints (ids, at most 200), what (list, case, export), reason (needed for an export)  $3 key
with said as materialized (
    select array_position (array['list', 'case', 'export'], $2::jsonb ->> 'what') as what, nullif (trim ($2::jsonb ->> 'reason'), '') as reason,
           case when jsonb_typeof ($2::jsonb -> 'complaints') = 'array' then $2::jsonb -> 'complaints' else '[]' end as complaints
), judged as materialized (
    select *, case when what is null then 'what'
                   when what = 3 and reason is null or length (reason) > 500 then 'reason'
                   when jsonb_array_length (complaints) > 200 or (what < 3 and jsonb_array_length (complaints) = 0)
                        or exists (select from jsonb_array_elements_text (complaints) e where e !~* '^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$')
                        then 'complaints' end as fault
    from said
), named as materialized (
    select distinct e::uuid as id from judged j, jsonb_array_elements_text (j.complaints) e where j.fault is null
), looked as (
    insert into look (complaint_id, principal, what, reason, order_key)
    select c.complaint_id, $1::int, j.what, j.reason, $3::uuid
    from judged j, named n
    join complaint c on c.complaint_id = n.id
    where person_may ($1::int, c.holder, 992)
       or exists (select from assignment a where a.complaint_id = c.complaint_id and person_may ($1::int, a.agency, 992))
       or exists (select from informed i where i.complaint_id = c.complaint_id and person_may ($1::int, i.agency, 992))
       or exists (select from permit p where p.complaint_id = c.complaint_id and p.ended_at is null and p.until > statement_timestamp ()
                                         and (p.principal_id = $1::int or person_may ($1::int, p.agency_id, 992)))
    union all
    select null, $1::int, j.what, j.reason, $3::uuid from judged j
    where j.fault is null and j.what = 3 and jsonb_array_length (j.complaints) = 0
    on conflict do nothing
)
select case when j.fault is null then 1 else 3 end, case when j.fault is not null then 15 end, j.fault, '{}' from judged j

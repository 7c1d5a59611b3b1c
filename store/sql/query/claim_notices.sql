-- Moves up to $2 notices that are due from the outbox into one dispatch, and says what they need.
--   $1 dispatch id  $2 count
with taken as (
    delete from notice
    where ctid = any (array (select ctid from notice
                             where not_before is null or not_before <= clock_timestamp ()
                             limit $2::int for update skip locked))
    returning complaint_id, event, recipient, agency, template, attempt
), numbered as (
    select t.*, row_number () over (order by complaint_id, event) - 1 as position from taken t
), moved as (
    insert into dispatch
    select $1::uuid, clock_timestamp (), array_agg (complaint_id), array_agg (event), array_agg (recipient),
           array_agg (coalesce (agency, 0)), array_agg (template), array_agg (attempt)
    from (select * from numbered order by position) n having count (*) > 0
)
select n.position::int, n.complaint_id, n.event, n.recipient, n.template, n.attempt,
       c.number, c.flags, c.language, n.agency,
       e.text, t.contact, t.contact_key,
       case when n.template < 20 then coalesce (c.due_first, c.due_verify) else (e.data ->> 'due')::timestamptz end as due, e.data ->> 'other' as other
from numbered n
join complaint c on c.complaint_id = n.complaint_id
join content t on t.complaint_id = n.complaint_id
left join event e on e.complaint_id = case when n.template <> 1 and c.flags & 6 = 0 then n.complaint_id end
                 and e.number = n.event
order by n.position

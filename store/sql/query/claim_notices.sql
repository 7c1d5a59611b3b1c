-- Moves up to $2 notices that are due into one dispatch, and says what they need: those that nobody has looked at yet
-- out of the outbox, and of those that wait, of each channel the same share.  Of recipients other than the reporter the address is
-- an officer's or a supporter's own, and of secret and oversight cases they are told no number.
-- What was said on a case is told where its reporter, or who reads for him, did not ask for secrecy (0145_unsaid.sql).
--   $1 dispatch id  $2 count  $3 bits: 1, the outbox; 1 << enum channel, what waits for that channel
with waits as materialized (
    select w.spot, w.turn
    from generate_series (1, 30) as c (channel),
         lateral (select found.spot, row_number () over () as turn
                  from (select a.ctid as spot from notice_aside a
                        where a.channel = c.channel and a.not_before <= clock_timestamp ()
                        order by a.not_before limit $2::int for update skip locked) found) w
    where $3::int >> c.channel & 1 = 1
), fresh as (
    delete from notice
    where ctid = any (array (select ctid from notice
                             where $3::int & 1 = 1 and (not_before is null or not_before <= clock_timestamp ())
                             limit $2::int - least ((select count (*) from waits), $2::int / 2) for update skip locked))
    returning complaint_id, event, recipient, agency, template, attempt
), due as (
    delete from notice_aside
    where ctid = any (array (select spot from waits order by turn limit $2::int - (select count (*) from fresh)))
    returning complaint_id, event, recipient, agency, template, attempt
), taken as (
    select * from fresh union all select * from due
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
       case when n.template < 20 then coalesce (c.due_first, c.due_verify) else (e.data ->> 'due')::timestamptz end as due, e.data ->> 'other' as other,
       c.priority, null::text as counts
from numbered n
join complaint c on c.complaint_id = n.complaint_id
join content t on t.complaint_id = n.complaint_id
left join event e on e.complaint_id = case when n.template <> 1 and not is_hushed (c.flags) then n.complaint_id end
                 and e.number = n.event
where n.recipient = 0
union all
select n.position::int, n.complaint_id, n.event, n.recipient, n.template, n.attempt,
       case when c.flags & 6 = 0 then c.number end, 0::smallint, coalesce (p.language, c.language), n.agency,
       null, coalesce (o.contact, s.contact), coalesce (o.contact_key, s.contact_key),
       case when n.template = 28 and c.flags & 6 = 0 then coalesce (c.due_first, c.due_verify) end, null,
       case when b.urgent then 1 else 3 end::smallint, b.counts::text
from numbered n
join bulletin b on b.bulletin_id = n.complaint_id
left join complaint c on c.complaint_id = b.complaint_id
left join person p on p.principal_id = b.principal_id
left join person_contact o on o.principal_id = b.principal_id
left join supporter s on s.complaint_id = b.complaint_id and s.submission = b.submission
where n.recipient > 0
order by 1

-- What was said on leased complaints since they came, by agencies and their reporters: of each the newest
-- 64 entries, oldest first, and how many there are in all.
-- Words about which a router has to decide first (store_reply.sql) are not there yet.
-- `files`: digests of what came with it, 32 bytes each.
-- What was said to an alias's reporter as to its main complaint's is said as there.
--   $1 ids
select i.ordinal, v.at, case when v.kind = 54 then 19 else v.kind end as kind, v.agency, a.code, case when v.kind in (19, 54) then (v.data ->> 'reason')::int end as reason,
       s.agency_id as suggested,
       coalesce (s.code, case when v.kind in (50, 51, 52) then v.data ->> 'other' end) as suggested_code, v.text, v.entries,
       event_files (v.data) as files
from unnest ($1::uuid[]) with ordinality as i (id, ordinal)
left join returned r on r.complaint_id = i.id
cross join lateral (
    select e.at, e.number, case e.kind when 53 then (e.data ->> 'kind')::int else e.kind end as kind, e.agency, e.text, e.data,
           count (*) over () as entries
    from event e
    where e.complaint_id = i.id and (e.kind between 31 and 39 or e.kind between 50 and 52 or (e.kind > 10 and e.text <> ''))
      and (r.words is null or e.kind not in (32, 33, 37) or e.number < r.words)
    order by e.at desc, e.number desc nulls last
    limit 64) v
left join agency a on a.agency_id = v.agency
left join agency s on s.agency_id = (v.data ->> case when v.kind in (19, 54) then 'suggested' else 'to' end)::int
order by i.ordinal, v.at, v.number nulls last

-- What was said on leased complaints since they came, by agencies and their reporters: of each the newest
-- 64 entries, oldest first, and how many there are in all.
-- What was said to an alias's reporter as to its main complaint's is said as there.
--   $1 ids
select i.ordinal, v.at, v.kind, v.agency, a.code, case when v.kind = 19 then (v.data ->> 'reason')::int end as reason,
       s.agency_id as suggested,
       coalesce (s.code, case when v.kind in (50, 51, 52) then v.data ->> 'other' end) as suggested_code, v.text, v.entries
from unnest ($1::uuid[]) with ordinality as i (id, ordinal)
cross join lateral (
    select e.at, e.number, case e.kind when 53 then (e.data ->> 'kind')::int else e.kind end as kind, e.agency, e.text, e.data,
           count (*) over () as entries
    from event e
    where e.complaint_id = i.id and (e.kind between 31 and 52 or (e.kind > 10 and e.text <> ''))
    order by e.at desc, e.number desc nulls last
    limit 64) v
left join agency a on a.agency_id = v.agency
left join agency s on s.agency_id = (v.data ->> case when v.kind = 19 then 'suggested' else 'to' end)::int
order by i.ordinal, v.at, v.number nulls last

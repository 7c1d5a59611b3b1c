-- Hand-backs by agency, the most overruled first, at most 500: how many, how many of those complaints came back to it
-- by the arbiter or its superior, or by a later hand-back that named it, and how often its own suggestion was followed.
--   $1 since this day (YYYY-MM-DD); empty: ever
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    with refusal as (
        select e.complaint_id, e.agency, e.number, e.at, e.data
        from event e
        where e.kind = 19 and e.number is not null
          and ($1::text = '' or e.at >= (nullif ($1::text, ''))::date)
    ), judged as (
        select r.agency, r.complaint_id,
               exists (select from event o where o.complaint_id = r.complaint_id and o.kind = 20 and o.number > r.number
                                             and (o.data ->> 'to')::int = r.agency) as ordered,
               exists (select from event o where o.complaint_id = r.complaint_id and o.kind = 19 and o.number > r.number
                                             and o.agency <> r.agency and (o.data ->> 'suggested')::int = r.agency) as named,
               r.data ? 'suggested' as suggests,
               exists (select from event o where o.complaint_id = r.complaint_id and o.number > r.number and o.kind in (2, 20)
                                             and o.data -> 'to' = r.data -> 'suggested' and not o.data ? 'arbiter') as followed
        from refusal r
    )
    select a.code as agency, a.name, count (*) as refusals,
           count (*) filter (where j.ordered or j.named) as overruled,
           round (100.0 * count (*) filter (where j.ordered or j.named) / count (*), 1) as percent,
           count (*) filter (where j.ordered) as ordered_back, count (*) filter (where j.named) as named_by_next,
           count (*) filter (where j.suggests) as suggested, count (*) filter (where j.suggests and j.followed) as followed
    from judged j
    join agency a on a.agency_id = j.agency
    group by a.agency_id
    order by count (*) filter (where j.ordered or j.named) desc, count (*) desc, a.code
    limit 500
) r

-- Complaints whose due times are to be counted anew, with what their clocks are made of.  `pauses`: begin and end in ms, int8
-- each, of those that have ended.  `late_*`: breaches that stand; `annulled_*`: those that do not.
--   $1 how many at most
select r.complaint_id, coalesce (c.version, 0) as version, coalesce (c.state, 9::smallint) as state, c.class, c.received, c.due_verify, c.due_first, c.due_resolve,
       h.agency, h.began, coalesce (h.placed, case when c.due_first is not null then c.received end) as placed, coalesce (h.placed_by, h.agency) as placed_by,
       h.followed,
       case when h.breaks then
           (select string_agg (int8send ((extract (epoch from lower (p)) * 1000)::bigint) || int8send ((extract (epoch from upper (p)) * 1000)::bigint), ''
                               order by p)
            from unnest (clock_pauses (c.complaint_id)) p where not upper_inf (p)) end as pauses,
       h.late_verify - h.annulled_verify as late_verify, h.late_first - h.annulled_first as late_first, h.late_resolve - h.annulled_resolve as late_resolve,
       h.annulled_verify, h.annulled_first, h.annulled_resolve,
       clock_timestamp () as now, r.annuls, (select last is not null from recompute_round) as first_round,
       calendar_now () * 1000000::bigint + (select max (limit_version) from limit_set) as counting
from (select complaint_id, annuls from recompute order by complaint_id limit $1::int) r
left join complaint c on c.complaint_id = r.complaint_id
left join lateral (
    select (array_agg (coalesce ((e.data ->> 'to')::int, e.agency)) filter (where e.number = 1)) [1] as agency,
           min (e.at) filter (where e.number = 1 and e.kind = 28) as began,
           min (e.at) filter (where e.data -> 'placed' = 'true') as placed,
           (array_agg (coalesce ((e.data ->> 'to')::int, e.agency) order by e.number) filter (where e.data -> 'placed' = 'true')) [1] as placed_by,
           min (e.at) filter (where e.kind in (16, 17) and not coalesce (e.data ? 'support', false)) as followed,
           coalesce (bool_or (e.kind in (33, 37)), false) as breaks,
           count (*) filter (where e.kind = 41 and e.data ->> 'clock' = 'verify') as late_verify,
           count (*) filter (where e.kind = 41 and e.data ->> 'clock' = 'first') as late_first,
           count (*) filter (where e.kind = 41 and e.data ->> 'clock' = 'resolve') as late_resolve,
           count (*) filter (where e.kind = 46 and e.data ->> 'clock' = 'verify') as annulled_verify,
           count (*) filter (where e.kind = 46 and e.data ->> 'clock' = 'first') as annulled_first,
           count (*) filter (where e.kind = 46 and e.data ->> 'clock' = 'resolve') as annulled_resolve
    from event e
    where e.complaint_id = c.complaint_id and e.number is not null) h on c.state < 7
order by r.complaint_id

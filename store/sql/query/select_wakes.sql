-- Complaints that are to be looked at, those that wait the longest first, but for those whose due times are to be counted anew
-- before, with what timers need to know of each (overdue.h).
-- One that is gone or has ended has no history here.  `done`: key, ms and number of what timers did, 26 bytes each.
--   $1 how many at most
with due as materialized (
    select at, complaint_id from wake w
    where at <= statement_timestamp () and not exists (select from recompute r where r.complaint_id = w.complaint_id and not r.again)
    order by at, complaint_id limit $1::int
)
select d.at, d.complaint_id, clock_timestamp () as now, coalesce (c.version, 0) as version, coalesce (c.state, 9::smallint) as state, c.class, c.flags,
       c.received, c.due_verify, c.due_first, c.due_resolve, c.holder, h.agency, h.placed_by, h.followed, h.follow, h.follow_event, h.word_event,
       h.asked, h.ask_event, h.asked_from, h.resumed, h.annulled_verify, h.annulled_first, h.annulled_resolve, h.done,
       exists (select from notice_pending n where n.complaint_id = c.complaint_id and n.recipient = 0 and n.event = h.told) as unsent,
       exists (select from notice_ended n where n.complaint_id = c.complaint_id and n.recipient = 0 and n.event = h.told
                                            and n.outcome in (2, 3))
       or exists (select from delivery v where v.complaint_id = c.complaint_id and v.recipient = 0 and v.event = h.told
                                           and v.outcome = 5 and v.code in (3, 7)) as undelivered,
       (select string_agg (int4send (agency), '' order by n)
        from unnest (case when c.flags & 4 <> 0 then agency_overseers (c.holder) else agency_superiors (c.holder) end)
             with ordinality u (agency, n)) as above
from due d
left join complaint c on c.complaint_id = d.complaint_id
left join lateral (
    select (array_agg (coalesce ((e.data ->> 'to')::int, e.agency)) filter (where e.number = 1)) [1] as agency,
           coalesce ((array_agg (coalesce ((e.data ->> 'to')::int, e.agency) order by e.number) filter (where e.data -> 'placed' = 'true')) [1],
                     (array_agg (coalesce ((e.data ->> 'to')::int, e.agency)) filter (where e.number = 1)) [1]) as placed_by,
           min (e.at) filter (where e.kind in (16, 17) and not coalesce (e.data ? 'support', false)) as followed,
           max (e.at) filter (where not coalesce (e.data ? 'support', false) and (e.kind in (16, 17) or (e.kind = 18 and not coalesce (e.data ? 'from', false)))) as follow,
           max (e.number) filter (where not coalesce (e.data ? 'support', false) and (e.kind in (16, 17) or (e.kind = 18 and not coalesce (e.data ? 'from', false)))) as follow_event,
           max (e.number) filter (where e.kind in (32, 33, 37)) as word_event,
           max (e.at) filter (where e.kind = 18 and e.data ? 'from') as asked,
           max (e.number) filter (where e.kind = 18 and e.data ? 'from') as ask_event,
           ((array_agg (e.data ->> 'from' order by e.number desc) filter (where e.kind = 18 and e.data ? 'from')) [1])::int as asked_from,
           count (*) filter (where e.kind in (33, 37)) as resumed,
           count (*) filter (where e.kind = 46 and e.data ->> 'clock' = 'verify') as annulled_verify,
           count (*) filter (where e.kind = 46 and e.data ->> 'clock' = 'first') as annulled_first,
           count (*) filter (where e.kind = 46 and e.data ->> 'clock' = 'resolve') as annulled_resolve,
           max (e.number) filter (where e.kind = 48 and e.data ->> 'clock' = 'silence') as told,
           string_agg (uuid_send (e.act_key) || int8send ((extract (epoch from e.at) * 1000)::bigint) || int2send (e.number), '')
               filter (where e.kind between 40 and 48 and e.principal = 0) as done
    from event e
    where e.complaint_id = c.complaint_id and e.number is not null) h on c.state < 7
order by d.complaint_id, d.at

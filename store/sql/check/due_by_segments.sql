-- The due time of a clock that runs is what its start, limit and pauses give by the calendar in force; a complaint that waits to
-- be counted anew has time.
select g.complaint_id, g.clock, g.due, should.due as counted
from (select s.complaint_id, s.clock, min (s.began) as start, min (s.began_by) as agency
      from clock_segment s where s.clock in ('verify', 'first', 'resolve')
      group by s.complaint_id, s.clock having bool_or (s.ended is null)) k
join complaint c on c.complaint_id = k.complaint_id and c.state < 7
cross join lateral (select k.complaint_id, k.clock,
                           case k.clock when 'verify' then c.due_verify when 'first' then c.due_first else c.due_resolve end as due) g
cross join lateral (select due_after (calendar_now (), due_by (calendar_now (), k.start, clock_limit (k.clock, c.class, k.agency, c.received),
                                                               due_zone (coalesce (g.due, c.due_resolve))),
                                      clock_pauses (c.complaint_id) * tstzmultirange (tstzrange (k.start, null))) as due) should
where g.due is distinct from should.due and not exists (select from recompute r where r.complaint_id = c.complaint_id)

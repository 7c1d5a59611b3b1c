-- What waits where, and for how long: metrics of common/base/metric.def, one value a row, those of one name behind one another.  Ages in ms.
--   $1 agencies that are told by their codes, those with the oldest ready work first; the others are one  $2 ms before the end of a
--   clock from which on it counts as soon
-- What is open is read once, by its index, and the record of each lead by its key: it grows with what is open, never with what has ended.
-- `offset 0` holds the planner to that: left alone it may read all complaints for a join by hash.
with work as materialized (
    select w.agency, c.state as stage,
           count (*) filter (where w.ready and w.priority = 1) as ready_1, count (*) filter (where w.ready and w.priority = 2) as ready_2,
           count (*) filter (where w.ready and w.priority = 3) as ready_3, count (*) filter (where w.ready and w.priority = 4) as ready_4,
           count (*) filter (where w.state = 5 and not w.ready) as later, count (*) filter (where w.state = 2 and not w.ready) as leased,
           count (*) filter (where w.state = 3) as taken, count (*) filter (where w.state = 4) as waiting,
           count (*) filter (where w.state = 6) as parked, count (*) filter (where w.state = 2 and w.ready) as lapsed,
           min (case when w.state = 1 then w.since else w.lease_until end) filter (where w.ready) as ready_since,
           min (w.since) filter (where w.state = 6) as parked_since, min (w.lease_until) filter (where w.state = 2 and w.ready) as lapsed_since,
           count (c.state) as cases, min (c.received) as received,
           count (*) filter (where c.due_verify <= now () and c.state in (1, 2)) as verify_over,
           count (*) filter (where c.due_verify > now () and c.due_verify <= s.soon and c.state in (1, 2)) as verify_soon,
           min (c.due_verify) filter (where c.due_verify <= now () and c.state in (1, 2)) as verify_due,
           count (*) filter (where c.due_first <= now () and c.state = 4) as first_over,
           count (*) filter (where c.due_first > now () and c.due_first <= s.soon and c.state = 4) as first_soon,
           min (c.due_first) filter (where c.due_first <= now () and c.state = 4) as first_due,
           count (*) filter (where c.due_resolve <= now () and c.state <> 3) as resolve_over,
           count (*) filter (where c.due_resolve > now () and c.due_resolve <= s.soon and c.state <> 3) as resolve_soon,
           min (c.due_resolve) filter (where c.due_resolve <= now () and c.state <> 3) as resolve_due
    from (select now () + make_interval (secs => $2::bigint / 1000.0) as soon) s
    cross join (select a.*, a.state = 1 or (a.state in (2, 5) and a.lease_until <= now ()) as ready from assignment a where a.open) w
    left join lateral (select k.state, k.received, k.due_verify, k.due_first, k.due_resolve
                       from complaint k where w.lead and k.complaint_id = w.complaint_id and k.state < 7 offset 0) c on true
    group by w.agency, c.state
), queue as materialized (
    select q.code, sum (ready_1) as ready_1, sum (ready_2) as ready_2, sum (ready_3) as ready_3, sum (ready_4) as ready_4, sum (later) as later,
           sum (leased) as leased, sum (taken) as taken, sum (waiting) as waiting, sum (parked) as parked,
           min (ready_since) as ready_since, min (parked_since) as parked_since
    from (select case when row_number () over (order by w.ready_since, w.agency) <= $1::int then a.code else 'others' end as code, w.*
          from (select agency, sum (ready_1) as ready_1, sum (ready_2) as ready_2, sum (ready_3) as ready_3, sum (ready_4) as ready_4,
                       sum (later) as later, sum (leased) as leased, sum (taken) as taken, sum (waiting) as waiting, sum (parked) as parked,
                       min (ready_since) as ready_since, min (parked_since) as parked_since
                from work group by agency) w
          join agency a on a.agency_id = w.agency) q
    group by q.code
), stage as (
    select 'unrouted' as stage, coalesce (sum (cases), 0)::bigint as items, min (received) as since from work where stage in (1, 2)
    union all
    select 'returned', count (*), min (r.since)
    from returned r
    cross join lateral (select from complaint k where k.complaint_id = r.complaint_id and (k.state = 6 or (r.aside and k.state < 7)) offset 0) c
    union all
    select 'lease', coalesce (sum (lapsed), 0)::bigint, min (lapsed_since) from work
    union all
    select 'look', count (*), min (at) from wake where at <= now ()
    union all
    select 'reply', count (*), min (at) from waiting
    union all
    select 'dispatch', coalesce (sum (cardinality (ids)), 0)::bigint, min (claimed_at) from dispatch
    union all
    select 'webhook', count (*), min (parked_at) from hook where parked_at is not null
    union all
    select 'quarantine', count (*), min (at) from quarantine
), outbox as (
    select 'untried' as channel, count (*) as notices, min (greatest (made, not_before)) filter (where not_before is null or not_before <= now ()) as since
    from notice
    union all
    select k.word, count (n.channel), min (n.not_before) filter (where n.not_before <= now ())
    from (values ('sms', 5), ('email', 6), ('whatsapp', 7), ('other', null)) k (word, channel)
    left join notice_aside n on case when n.channel in (5, 6, 7) then n.channel end is not distinct from k.channel
    group by k.word
), told as (
    select 1 as nth, 'cases_open' as name, k.word, null as other, coalesce (sum (w.cases), 0)::bigint as value
    from unnest (array['received', 'verified', 'postponed', 'assigned', 'in_progress', 'returned']) with ordinality k (word, stage)
    left join work w on w.stage = k.stage
    group by k.word
    union all
    select 2, 'cases_oldest_age_seconds', k.word, null, age_ms (min (w.received))
    from unnest (array['received', 'verified', 'postponed', 'assigned', 'in_progress', 'returned']) with ordinality k (word, stage)
    left join work w on w.stage = k.stage
    group by k.word
    union all
    select v.nth, v.name, v.word, null, v.value
    from (select coalesce (sum (verify_over), 0)::bigint as verify_over, coalesce (sum (verify_soon), 0)::bigint as verify_soon,
                 age_ms (min (verify_due)) as verify_age,
                 coalesce (sum (first_over), 0)::bigint as first_over, coalesce (sum (first_soon), 0)::bigint as first_soon,
                 age_ms (min (first_due)) as first_age,
                 coalesce (sum (resolve_over), 0)::bigint as resolve_over, coalesce (sum (resolve_soon), 0)::bigint as resolve_soon,
                 age_ms (min (resolve_due)) as resolve_age from work) c
    cross join lateral (values (3, 'clock_overdue', 'verify', verify_over), (3, 'clock_overdue', 'first', first_over),
                               (3, 'clock_overdue', 'resolve', resolve_over),
                               (4, 'clock_due_soon', 'verify', verify_soon), (4, 'clock_due_soon', 'first', first_soon),
                               (4, 'clock_due_soon', 'resolve', resolve_soon),
                               (5, 'clock_longest_overdue_seconds', 'verify', verify_age), (5, 'clock_longest_overdue_seconds', 'first', first_age),
                               (5, 'clock_longest_overdue_seconds', 'resolve', resolve_age)) v (nth, name, word, value)
    union all
    select v.nth, v.name, s.stage, null, v.value
    from stage s
    cross join lateral (values (6, 'stage_items', s.items), (7, 'stage_oldest_age_seconds', age_ms (s.since))) v (nth, name, value)
    union all
    select v.nth, v.name, o.channel, null, v.value
    from outbox o
    cross join lateral (values (8, 'outbox_notices', o.notices), (9, 'outbox_oldest_due_age_seconds', age_ms (o.since))) v (nth, name, value)
    union all
    select v.nth, v.name, q.code, v.other, v.value::bigint
    from queue q
    cross join lateral (values (10, 'queue_ready', 'emergency', q.ready_1), (10, 'queue_ready', 'high', q.ready_2),
                               (10, 'queue_ready', 'normal', q.ready_3), (10, 'queue_ready', 'bulk', q.ready_4),
                               (11, 'queue_delayed', null, q.later), (12, 'queue_leased', null, q.leased), (13, 'queue_taken', null, q.taken),
                               (14, 'queue_waiting', null, q.waiting), (15, 'queue_parked', null, q.parked),
                               (16, 'queue_oldest_ready_age_seconds', null, age_ms (q.ready_since)),
                               (17, 'queue_oldest_parked_age_seconds', null, age_ms (q.parked_since))) v (nth, name, other, value)
    where v.value > 0 or v.nth > 10 or v.other = 'normal'
)
select name, word, other, value from told order by nth, word, other

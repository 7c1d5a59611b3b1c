-- Limits and steps of all sets, the newest set first.  In a set first those of everybody (agency 0), then of each agency that
-- another one's row above it reaches, or its own: the furthest first, so that what comes later counts.
-- Rules: 1 limit, 2 warn, 3 escalate, 4 remind.  `days` is a byte for each.
select s.limit_version, s.starts_at, coalesce (u.agency, 0) as agency, array_position (array ['limit', 'warn', 'escalate', 'remind'], r.rule) as rule,
       r.clock, r.class, (select coalesce (string_agg (set_byte ('\x00', 0, least (255, d)), '' order by n), '') from unnest (r.days) with ordinality x (d, n)) as days,
       r.share
from limit_set s
join limit_row r on r.limit_version = s.limit_version
left join agency_above u on u.above = r.agency
order by s.limit_version desc, coalesce (u.agency, 0), u.depth desc nulls first, r.class

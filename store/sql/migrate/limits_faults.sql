-- Line, column, value, remedy.
select line, 'rule', rule, 'a rule is limit, warn, escalate or remind'
from new_limits where coalesce (rule, '') not in ('limit', 'warn', 'escalate', 'remind')
union all
select line, 'clock', clock, 'a clock is verify, first, resolve, silence, complete or offer'
from new_limits where coalesce (clock, '') not in ('verify', 'first', 'resolve', 'silence', 'complete', 'offer')
union all
select line, 'clock', clock, 'this rule is not for this clock'
from new_limits
where (rule in ('warn', 'escalate') and clock not in ('verify', 'first', 'resolve'))
   or (rule = 'remind' and clock not in ('silence', 'complete'))
union all
select line, 'class', class, 'a class is complaint, complaint_plain, complaint_oversight, aspiration, info_request or -'
from new_limits
where class <> all (array ['complaint', 'complaint_plain', 'complaint_oversight', 'aspiration', 'info_request'])
union all
select line, 'class', class, 'warnings, steps and reminders are the same for all classes: -'
from new_limits where class is not null and rule <> 'limit'
union all
select line, 'agency', agency, 'the registry has no such code (aduan ask agency BEGINNING lists them)'
from new_limits n where agency is not null and not exists (select from agency a where a.code = n.agency)
union all
select line, 'days', days,
       'days are a number from 1 to 250, of escalate and remind up to 8 with commas, each above the one before (escalate from 0), '
       'of warn a share as 2/3, too'
from new_limits
where days is null
   or not case
          when rule = 'limit' then days ~ '^[0-9]{1,3}$' and days::int between 1 and 250
          when rule = 'warn' then
              (days ~ '^[0-9]{1,3}$' and days::int between 1 and 250)
              or (days ~ '^[1-9][0-9]{0,2}/[1-9][0-9]{0,3}$' and split_part (days, '/', 1)::int < split_part (days, '/', 2)::int)
          else
              days ~ '^[0-9]{1,3}(,[0-9]{1,3}){0,7}$'
              and (select bool_and (d <= 250 and d > before)
                   from (select d::int, coalesce (lag (d::int) over (order by n), case rule when 'escalate' then -1 else 0 end) as before
                         from unnest (string_to_array (days, ',')) with ordinality x (d, n)) y)
          end
union all
select line, 'rule', rule, 'it stands in line ' || first || ' already'
from (select line, rule, min (line) over (partition by rule, clock, class, agency) as first from new_limits) d
where first < line
union all
select 0, 'rule', 'limit ' || c, 'every clock needs a limit for all classes and agencies'
from unnest (array ['verify', 'first', 'resolve', 'silence', 'complete', 'offer']) c
where not exists (select from new_limits n where n.rule = 'limit' and n.clock = c and n.class is null and n.agency is null)
order by 1, 2, 3

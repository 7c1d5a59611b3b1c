-- How a case stands against its deadlines, as its reporter is told (web_case): each one that waits, is over, or was met.
--
--   state  due     ends with day `last`
--          paused  stands while he is asked for something
--          over    is past, by `days` working days (0: since the last one)
--          met     what had to be done was done at `at`, in time
--          late    or behind it, by `days`
--
-- The first answer is what an agency that leads said of its work first, or the end that it gave the case; what is over without one
-- has no deadlines left.  Of an alias they are those of what it goes on as.

-- Working days from the last day of what was due till the day of `at`; none: over in a weekend.
create function days_behind (due timestamptz, at timestamptz) returns int language sql stable as $$
    select working_days_to (v.calendar, ((days_behind.at at time zone 'UTC') + v.hours)::date)
           - working_days_to (v.calendar, ((due at time zone 'UTC') + v.hours)::date - 1)
    from (select calendar_now () as calendar, make_interval (hours => due_zone (due)) as hours) v
$$;

create function clock_told (clock text, due timestamptz, met timestamptz, open boolean, paused boolean) returns json language plpgsql stable as $$
declare
    until timestamptz := coalesce (met, statement_timestamp ());
    behind boolean := until >= due;
begin
    if due is null or met is null and not open then
        return null;
    end if;
    return json_build_object (
        'clock', clock,
        'state', case when met is not null then case when behind then 'late' else 'met' end
                      when paused then 'paused' when behind then 'over' else 'due' end,
        'due', due, 'at', met,
        'days', case when behind then days_behind (due, until) end);
end $$;

create function web.own_clocks (number text, code text) returns json language plpgsql stable security definer set search_path = public as $$
declare
    m complaint;
    first_at timestamptz;
    ended_at timestamptz;
begin
    select * into m from case_main (case_proven (own_clocks.number, own_clocks.code));
    select min (e.at) into first_at
    from event e
    where e.complaint_id = m.complaint_id and e.number is not null and e.kind in (16, 17, 22) and not coalesce (e.data ? 'support', false);
    if m.state = 7 then
        select e.at into ended_at from ending e where e.complaint_id = m.complaint_id;
    end if;
    return (
        select json_agg (c.told order by c.nth)
        from (values (1, clock_told ('verify', m.due_verify, null, m.state < 7, m.state = 3)),
                     (2, clock_told ('first', m.due_first, first_at, m.state < 7, m.state = 3)),
                     (3, clock_told ('resolve', m.due_resolve, ended_at, m.state < 7, m.state = 3))) c (nth, told)
        where c.told is not null);
end $$;

revoke execute on function web.own_clocks (text, text) from public;
grant execute on function web.own_clocks (text, text) to aduan_web;

-- Calendars as versions, of which the newest is in force, and working days by number: docs/deadlines.md.
create table calendar (
    calendar_version int primary key,
    at               timestamptz not null default now (),
    collective_leave boolean not null default true, -- its days are off
    cut_off          smallint check (cut_off between 1 and 1439), -- minute of the local day from which on an event counts as of
                                                    -- the next one; null: none
    shipped          boolean not null default false, -- came with the program; an operator's own is never replaced by one
    note             text
);

-- The years that it knows; in any other one only weekends are counted.
create table calendar_year (
    calendar_version int not null references calendar,
    year             smallint not null,
    verified         boolean not null default true, -- compared with its decree
    primary key (calendar_version, year)
);

create table calendar_day (
    calendar_version int not null references calendar,
    day              date not null,
    kind             text not null check (kind in ('holiday', 'collective_leave', 'pemilu', 'extra')),
    scope            text not null default 'ID',  -- a region's code: shown, and counted by no clock
    name             text not null check (name !~ '[\t\n]'),
    primary key (calendar_version, day, kind, scope)
);

-- Working days, numbered, so that the n-th one after another is two look-ups.
create table working_day (
    calendar_version int not null references calendar,
    nth              int not null,
    day              date not null,
    primary key (calendar_version, nth)
);
create unique index working_day_day on working_day (calendar_version, day);

-- A version's days must be there.
create function calendar_number (of_version int) returns void language sql as $$
    insert into working_day
    select of_version, row_number () over (order by day), day
    from (select d::date as day from generate_series (timestamp '2000-01-01', timestamp '2099-12-31', interval '1 day') d) days
    where extract (isodow from day) < 6
      and not exists (select from calendar_day o join calendar c on c.calendar_version = o.calendar_version
                      where o.calendar_version = of_version and o.day = days.day and o.scope = 'ID'
                        and (o.kind <> 'collective_leave' or c.collective_leave))
$$;

-- Version 0 knows nothing; what was loaded before there were versions is version 1.
insert into calendar (calendar_version, note, shipped) values (0, 'none', true);
insert into calendar (calendar_version, note, shipped)
select 1, 'before versions', true where exists (select from day_off);
insert into calendar_day
select 1, day, case when kind = 'election' then 'pemilu' when kind in ('holiday', 'collective_leave', 'extra') then kind else 'extra' end, 'ID', name
from day_off;
insert into calendar_year
select distinct 1, extract (year from day)::smallint, true from day_off;
select calendar_number (calendar_version) from calendar;

create function calendar_now () returns int language sql stable as $$
    select max (calendar_version) from calendar
$$;

-- The days off of the calendar in force, each of them once.
drop table day_off;
create view day_off as
select distinct on (d.day) d.day, d.kind, d.name
from calendar c join calendar_day d on d.calendar_version = c.calendar_version
where c.calendar_version = (select max (calendar_version) from calendar)
  and d.scope = 'ID' and (d.kind <> 'collective_leave' or c.collective_leave)
order by d.day, d.kind;

-- A version as its file: settings, years, days.
create function calendar_text (of_version int) returns text language sql stable as $$
    select E'day\tkind\tscope\tname\n'
        || case when c.cut_off is null then '' else E'cut_off\t' || to_char (make_time (c.cut_off / 60, c.cut_off % 60, 0), 'HH24:MI') || E'\n' end
        || case when c.collective_leave then '' else E'collective_leave\tworked\n' end
        || coalesce ((select string_agg (concat_ws (E'\t', 'year', year, case when verified then 'verified' else 'unverified' end) || E'\n', ''
                                         order by year)
                      from calendar_year where calendar_version = of_version), '')
        || coalesce ((select string_agg (concat_ws (E'\t', day, kind, scope, name) || E'\n', '' order by day, kind, scope)
                      from calendar_day where calendar_version = of_version), '')
    from calendar c where c.calendar_version = of_version
$$;

-- Day 0 of what happens at this moment (DOMAIN 3.3), in a zone: hours east of UTC.
create function day_zero (at timestamptz, zone int, cut_off int) returns date language sql immutable as $$
    select ((at at time zone 'UTC') + make_interval (hours => zone, mins => 1440 - coalesce (cut_off, 1440)))::date
$$;

-- A due time is a local midnight: of which zone?
create function due_zone (due timestamptz) returns int language sql immutable strict as $$
    select (24 - extract (hour from due at time zone 'UTC')::int) % 24
$$;

-- The number of the last working day up to a day.
create function working_days_to (of_version int, upto date) returns int language sql stable as $$
    select nth from working_day where calendar_version = of_version and day <= upto order by day desc limit 1
$$;

-- The end of the n-th working day, in a zone.
create function working_day_end (of_version int, number int, zone int) returns timestamptz language sql stable as $$
    select ((day + 1)::timestamp - make_interval (hours => zone)) at time zone 'UTC'
    from working_day where calendar_version = of_version and nth = number
$$;

-- When a limit ends, by a calendar.  One statement, not the functions above: called thousands of times it takes a third.
create function due_by (of_version int, start timestamptz, days int, zone int) returns timestamptz language sql stable as $$
    select ((w.day + 1)::timestamp - make_interval (hours => zone)) at time zone 'UTC'
    from calendar c
    cross join lateral (select nth from working_day
                        where calendar_version = of_version and day <= day_zero (start, zone, c.cut_off) order by day desc limit 1) z
    join working_day w on w.calendar_version = of_version and w.nth = z.nth + days
    where c.calendar_version = of_version
$$;

-- The same by the calendar in force.  As in 0003, but by number.
create or replace function due_at (start timestamptz, days int, zone int) returns timestamptz language sql stable as $$
    select ((w.day + 1)::timestamp - make_interval (hours => zone)) at time zone 'UTC'
    from (select calendar_version, cut_off from calendar order by calendar_version desc limit 1) c
    cross join lateral (select nth from working_day d
                        where d.calendar_version = c.calendar_version and d.day <= day_zero (start, zone, c.cut_off) order by d.day desc limit 1) z
    join working_day w on w.calendar_version = c.calendar_version and w.nth = z.nth + days
$$;

-- A due time so many working days later, or earlier where that is below 0.
create function due_shifted (of_version int, due timestamptz, days int) returns timestamptz language sql stable as $$
    select case when days = 0 then due
                else working_day_end (of_version, days + working_days_to (of_version, day_zero (due, due_zone (due), null) - 1), due_zone (due)) end
$$;

-- A pause takes out the working days behind its first day up to its last; what had run out before it stays.
create function due_moved_by (of_version int, due timestamptz, paused timestamptz, resumed timestamptz) returns timestamptz
language sql stable as $$
    select case when paused >= due then due
                else due_shifted (of_version, due, greatest (0, working_days_to (of_version, day_zero (resumed, due_zone (due), c.cut_off))
                                                                - working_days_to (of_version, day_zero (paused, due_zone (due), c.cut_off)))) end
    from calendar c where c.calendar_version = of_version
$$;
create function due_moved (due timestamptz, paused timestamptz, resumed timestamptz) returns timestamptz language sql stable as $$
    select due_moved_by (calendar_now (), due, paused, resumed)
$$;

-- All of its pauses, one after the other; one that has not ended yet moves nothing.
create function due_after (of_version int, due timestamptz, pauses tstzmultirange) returns timestamptz language plpgsql stable as $$
declare
    pause tstzrange;
begin
    for pause in select p from unnest (pauses) p where not upper_inf (p) order by p loop
        due := due_moved_by (of_version, due, lower (pause), upper (pause));
    end loop;
    return due;
end $$;

grant select on calendar, calendar_year, calendar_day, working_day, day_off to aduan_store;
grant select on calendar, calendar_year, calendar_day, working_day, day_off to aduan_query;

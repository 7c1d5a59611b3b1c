-- An old version again, under a number of its own.  No row: there is no such version.
--   $1 version
with made as (
    insert into calendar (calendar_version, collective_leave, cut_off, note)
    select calendar_now () + 1, collective_leave, cut_off, 'version ' || calendar_version || ' again'
    from calendar where calendar_version = $1::text::int
    returning calendar_version
), days as (
    insert into calendar_day
    select m.calendar_version, d.day, d.kind, d.scope, d.name from made m cross join calendar_day d where d.calendar_version = $1::text::int
), years as (
    insert into calendar_year
    select m.calendar_version, y.year, y.verified from made m cross join calendar_year y where y.calendar_version = $1::text::int
)
select calendar_version from made

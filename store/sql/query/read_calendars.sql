-- Versions of the calendar, the newest, which is in force, first; at most 500.
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select c.calendar_version as version, c.at, c.shipped, c.note, c.collective_leave,
           case when c.cut_off is not null then to_char (make_time (c.cut_off / 60, c.cut_off % 60, 0), 'HH24:MI') end as cut_off,
           (select count (*) from calendar_day d where d.calendar_version = c.calendar_version) as days,
           (select json_agg (year order by year) from calendar_year y where y.calendar_version = c.calendar_version) as years,
           (select json_agg (year order by year) from calendar_year y
            where y.calendar_version = c.calendar_version and not y.verified) as unverified
    from calendar c
    order by c.calendar_version desc
    limit 500
) r

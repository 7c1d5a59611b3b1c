-- Hours east of UTC of every agency, for due times, its name, for notices, and whether it is at the top.
select agency_id, zone, name, parent is null as root from agency order by agency_id

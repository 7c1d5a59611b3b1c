-- Hours east of UTC of every agency, for due times, and its name, for notices.
select agency_id, zone, name from agency order by agency_id

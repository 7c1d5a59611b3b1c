-- Hours east of UTC of every agency, for due times.
select agency_id, zone from agency order by agency_id

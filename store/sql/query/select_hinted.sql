-- Of complaints that were just stored, those that are to be compared: neither secret nor oversight, held by an agency with
-- a duty of its own, in a known regency, without a print.
--   $1 ids
select c.complaint_id, a.function_id, c.region, t.latitude, t.longitude, t.title, t.body, t.location
from unnest ($1::uuid[]) i (id)
join complaint c on c.complaint_id = i.id and c.flags & 6 = 0 and length (c.region) >= 5
join agency a on a.agency_id = c.holder and a.function_id is not null
join content t on t.complaint_id = i.id
where not exists (select from print p where p.complaint_id = i.id)

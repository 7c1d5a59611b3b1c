-- The newest prints of some functions and regencies.
--   $1 functions and $2 regencies, each pair once  $3 id that they are behind  $4 of each pair at most
select p.complaint_id, p.function_id, p.regency, p.region, p.latitude, p.longitude, p.words
from unnest ($1::smallint[], $2::text[]) i (function_id, regency)
cross join lateral (
    select * from print n
    where n.function_id = i.function_id and n.regency = i.regency and n.complaint_id > $3::uuid
    order by n.complaint_id desc limit $4::int) p

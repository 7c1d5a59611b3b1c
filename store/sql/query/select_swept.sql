-- The same of the complaints behind an id, in their order; also those whose agency has another duty than when their print
-- was made.  And a row without a function: how far that was, null at the end of them all.
--   $1 id, null: the one that the row says  $2 complaints to be looked at at most  $3 to be compared at most  $4 older ids are left out
with walked as materialized (
    select c.complaint_id, c.holder, c.region, c.flags, c.state from complaint c
    where c.complaint_id > coalesce ($1::uuid, (select at from likeness_sweep)) and c.complaint_id > $4::uuid
    order by c.complaint_id limit $2::int
), fresh as materialized (
    select w.complaint_id, a.function_id, w.region
    from walked w
    join agency a on a.agency_id = w.holder and a.function_id is not null
    left join print p on p.complaint_id = w.complaint_id
    where w.flags & 6 = 0 and w.state < 7 and length (w.region) >= 5 and (p.complaint_id is null or p.function_id <> a.function_id)
    order by w.complaint_id limit $3::int
)
select f.complaint_id, f.function_id, f.region, t.latitude, t.longitude, t.title, t.body, t.location
from fresh f join content t on t.complaint_id = f.complaint_id
union all
select case when (select count (*) from fresh) = $3::int then (select complaint_id from fresh order by complaint_id desc limit 1)
            when (select count (*) from walked) = $2::int then (select complaint_id from walked order by complaint_id desc limit 1) end,
       null, null, null, null, null, null, null

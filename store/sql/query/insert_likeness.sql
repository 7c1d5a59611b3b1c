-- What one step of the comparing has found: prints, what is alike, how far the sweep has got.  What has become secret
-- meanwhile gets neither; a row that another transaction holds is not waited for: its newcomer gets no print, and is
-- found by the sweep again.  Returns how many of each.
--   $1 ids  $2 functions  $3 regencies  $4 regions  $5 latitudes  $6 longitudes  $7 words, of the newcomers
--   $8 newer and $9 older  $10 scores  $11 reasons  $12 the sweep's position, or null
with newcomer as materialized (
    select * from unnest ($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::int[], $6::int[], $7::bytea[])
        as n (id, function_id, regency, region, latitude, longitude, words)
), pair as materialized (
    select * from unnest ($8::uuid[], $9::uuid[], $10::smallint[], $11::text[]) as p (newer, older, score, reason)
), held as materialized (
    select complaint_id, flags & 6 = 0 as open from complaint
    where complaint_id = any (array (select id from newcomer union select newer from pair union select older from pair))
    for share skip locked
), printed as (
    insert into print (complaint_id, function_id, latitude, longitude, regency, region, words)
    select n.id, n.function_id, n.latitude, n.longitude, n.regency, n.region, n.words
    from newcomer n join held h on h.complaint_id = n.id and h.open
    where not exists (select from pair p
                      where n.id in (p.newer, p.older)
                        and not exists (select from held o where o.complaint_id = case when p.newer = n.id then p.older else p.newer end))
    on conflict (complaint_id) do update
        set function_id = excluded.function_id, latitude = excluded.latitude, longitude = excluded.longitude,
            regency = excluded.regency, region = excluded.region, words = excluded.words
    returning 1
), alike as (
    insert into likeness (complaint_id, other, at, score, reason)
    select p.newer, p.older, clock_timestamp (), p.score, p.reason::jsonb
    from pair p
    join held n on n.complaint_id = p.newer and n.open
    join held o on o.complaint_id = p.older and o.open
    on conflict do nothing
    returning 1
), swept as (
    update likeness_sweep set at = $12::uuid where at <> $12::uuid
)
select (select count (*) from printed)::int as prints, (select count (*) from alike)::int as alike

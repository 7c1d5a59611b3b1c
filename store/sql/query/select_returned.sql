-- Hand-backs that wait for a decision, the oldest first, with what a router needs for one; what is asked
-- already is told by its id alone.  And how many there are in all.  What its reporters have said since stands behind the
-- words that it came with, as far as a text may be long: an answer to "where?" says where it is.
--   $1 ids that are asked already  $2 how many at most
select r.complaint_id, r.event, c.received, c.channel, c.class, c.category, c.priority, c.language, c.flags,
       coalesce (t.place, c.region) as place, t.location, t.latitude, t.longitude, t.incident, t.target, t.external, t.title,
       left (t.body || coalesce ((select string_agg (E'\n' || w.text, '' order by w.number) from event w
                                  where w.complaint_id = t.complaint_id and w.kind in (32, 33)), ''), 10000) as body,
       (e.data ->> 'reason')::int as reason, (e.data ->> 'suggested')::int as suggested,
       (select string_agg (f.agency::text, ',' order by f.number) from event f
        where f.complaint_id = r.complaint_id and f.kind = 19 and f.number is not null) as refusers,
       (select count (*) from returned)::bigint as total
from (select * from returned order by since, complaint_id limit $2::int) r
join complaint c on c.complaint_id = r.complaint_id
left join content t on t.complaint_id = r.complaint_id and r.complaint_id <> all (coalesce ($1::uuid[], '{}'))
left join event e on e.complaint_id = r.complaint_id and e.kind = 19 and e.number = r.event and t.complaint_id is not null
order by r.since, r.complaint_id

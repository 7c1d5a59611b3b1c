-- Complaints that wait for a router's decision, the oldest first, with what it needs for one; what is asked already is told
-- by its id alone.  And how many there are in all.  What its reporters have said since stands behind the words that it came
-- with; of a text that gets too long the first words give way: an answer to "where?" says where it is.
-- `event` is the number that the decision must name; `holder` is there where words came that may tell of misconduct, and
-- `since` holds them then, and nothing where staff set the words right (aside); else, where an inspectorate has found no oversight content, what was said after that.
--   $1 ids that are asked already  $2 how many at most
select r.complaint_id, coalesce (r.newest, r.event) as event, r.received, r.channel,
       case when l.cleared is null or r.class <> 3 then r.class end as class, r.category, r.priority, r.language, r.flags,
       coalesce (t.region_edited, t.place, r.region) as place, t.location, t.latitude, t.longitude, t.incident, t.target, t.external,
       coalesce (t.title_edited, t.title) as title,
       left (coalesce (t.body_edited, t.body), 10000 - least (length (l.words), 10000)) || right (l.words, 10000) as body,
       (e.data ->> 'reason')::int as reason, (e.data ->> 'suggested')::int as suggested,
       (select string_agg (f.agency::text, ',' order by f.number) from event f
        where f.complaint_id = r.complaint_id and f.number is not null
          and (f.kind = 19 or (f.kind = 54 and f.number = r.event and r.newest is null))) as refusers,
       case when r.newest is not null then r.holder end as holder,
       l.cleared is not null as cleared, right (l.since, 10000) as since,
       (select count (*) from returned r join complaint c on c.complaint_id = r.complaint_id and (c.state = 6 or (r.aside and c.state < 7)))::bigint as total,
       r.aside
from (select r.*, c.received, c.channel, c.class, c.category, c.priority, c.language, c.flags, c.region, c.holder
      from returned r join complaint c on c.complaint_id = r.complaint_id and (c.state = 6 or (r.aside and c.state < 7))
      order by r.since, r.complaint_id limit $2::int) r
left join content t on t.complaint_id = r.complaint_id and r.complaint_id <> all (coalesce ($1::uuid[], '{}'))
left join event e on e.complaint_id = r.complaint_id and e.kind in (19, 28, 54) and e.number = r.event and t.complaint_id is not null
left join lateral (
    select coalesce (string_agg (E'\n' || w.text, '' order by w.number), '') as words,
           coalesce (string_agg (E'\n' || w.text, '' order by w.number) filter (where w.number >= coalesce (r.words, m.cleared)), '') as since,
           m.cleared
    from (select max (w.number) as cleared from event w where w.complaint_id = t.complaint_id and w.kind = 54) m
    left join event w on w.complaint_id = t.complaint_id and w.kind in (32, 33, 37)
    group by m.cleared) l on true
order by r.since, r.complaint_id

-- Links the digests of all transactions that are over to the chain, in one link, if there are any and no other store does it at
-- this moment: docs/audit.md.  A transaction that still writes holds back its own digest and those of later ones, so that none
-- comes too late.  Digests from the future are another cluster's, whose dump was restored here: their link ends its time.
-- Returns one row: the newest link, what it has, whether there is more to link, how old the oldest digest is that is not
-- linked (ms), and when a head was signed last.
--   $1 digests of one link at most, but those of one transaction stay together
with snapshot as materialized (
    select pg_snapshot_xmin (pg_current_snapshot ())::text::bigint as over, pg_snapshot_xmax (pg_current_snapshot ())::text::bigint as future
), last as materialized (
    select link_id, total, upper, floor, newest, head, at from audit_link
    union all
    select 0, 0, 1, 0, 0, '', null
    order by link_id desc limit 1
), restored as materialized (
    select s.future < l.upper or exists (select from audit_digest d where d.tx >= greatest (l.upper, s.future) and d.digest_id > l.floor) as yes
    from last l, snapshot s
), due as materialized (
    select d.digest_id, d.tx, record_send (row (d.digest_id, d.at, d.kind, d.count, d.digest, d.tx, d.marks)) as bytes
    from snapshot s, last l, restored r,
         lateral (select * from audit_digest d
                  where d.tx >= case when r.yes then greatest (l.upper, s.future) else l.upper end
                    and d.tx < case when r.yes then 9223372036854775807 else s.over end and d.digest_id > l.floor
                  order by d.tx fetch first (case when r.yes then 1000000000 else $1::int end) rows with ties) d
), made as (
    insert into audit_link (link_id, at, count, total, upper, floor, newest, covers, head)
    select l.link_id + 1, n.at, n.count, l.total + n.count,
           case when r.yes then 1 when n.count >= $1::int then n.tx + 1 else s.over end,
           case when r.yes then greatest (l.newest, n.newest) else l.floor end, greatest (l.newest, n.newest), n.covers,
           sha256 (l.head || record_send (row (l.link_id + 1, n.at, n.count, l.total + n.count)) || n.bytes)
    from last l, restored r, snapshot s,
         (select clock_timestamp () as at, count (*)::int as count, max (tx) as tx, coalesce (max (digest_id), 0) as newest,
                 coalesce (range_agg (int8range (digest_id, digest_id, '[]')), '{}') as covers,
                 coalesce (string_agg (bytes, '' order by digest_id), '') as bytes
          from due) n
    where (n.count > 0 or r.yes) and pg_try_advisory_xact_lock (20, 2)
    returning link_id, at, total, upper, floor, head, count
)
select n.link_id, n.at, n.total, n.head, m.count is not null and m.count >= $1::int as more, coalesce (m.count, 0) as count,
       coalesce ((select (extract (epoch from clock_timestamp () - d.at) * 1000)::bigint from audit_digest d
                  where d.tx >= n.upper and d.digest_id > n.floor
                  order by d.tx limit 1), 0) as tail,
       s.at as signed_at, coalesce (s.total, 0) as signed
from (select link_id, at, total, upper, floor, head, count from made
      union all
      select link_id, at, total, upper, floor, head, 0 from last
      order by link_id desc limit 1) n
left join made m on m.link_id = n.link_id
left join lateral (select at, total from audit_signature order by link_id desc limit 1) s on true

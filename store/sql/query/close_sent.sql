-- Ends dispatches of which every notice was sent at the first attempt: their events are the log.
-- Returns those that it ended; any other has gone, or is for close_dispatch.sql.
--   $1 dispatch ids  $2 how many notices of each were sent
with gone as (
    delete from dispatch d
    using (select unnest ($1::uuid[]) as id, unnest ($2::int[]) as count) s
    where d.dispatch_id = s.id and cardinality (d.ids) = s.count and 0 = all (d.attempts)
    returning d.dispatch_id, d.ids, d.events
)
select dispatch_id from gone

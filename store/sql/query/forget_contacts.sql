-- Forgets the contact, and what a gateway (channels 5 to 7) knows its sender by, of complaints that nothing can be told of any
-- more: ended for so long that they cannot be reopened, with no notice on its way; of an alias, its main complaint likewise.
-- Those of its supporters go, too; and what the delivery log has kept long enough.
-- Returns the last complaint that was looked at (null: there is none behind), and how many contacts were forgotten.
--   $1 complaint behind which to begin  $2 how many to look at  $3 end that is long ago  $4 log entries that are too old
with looked as materialized (
    select complaint_id, state, flags, channel from complaint where complaint_id > $1::uuid order by complaint_id limit $2::int
), over as (
    select l.complaint_id
    from looked l
    left join merged m on m.complaint_id = l.complaint_id
    left join complaint main on main.complaint_id = m.main
    where (l.flags & 16 <> 0 or l.channel in (5, 6, 7)) and l.state >= 7 and coalesce (main.state >= 7, true)
      and not exists (select from event e where e.complaint_id in (l.complaint_id, m.main) and e.at >= $3::timestamptz)
      and not exists (select from notice n where n.complaint_id = l.complaint_id)
      and not exists (select from notice_aside n where n.complaint_id = l.complaint_id)
      and not exists (select from dispatch d where l.complaint_id = any (d.ids))
), emptied as (
    update content t set contact = null, contact_key = null, sender = null from over o
    where t.complaint_id = o.complaint_id and (t.contact is not null or t.sender is not null) returning 1
), known as (
    update complaint c set flags = c.flags & ~16 from over o where c.complaint_id = o.complaint_id and c.flags & 16 <> 0
), supporters as (
    update supporter s set contact = null, contact_key = null
    from looked l
    where s.complaint_id = l.complaint_id and s.contact is not null and l.state between 7 and 9
      and not exists (select from event e where e.complaint_id = l.complaint_id and e.at >= $3::timestamptz)
), unlogged as (
    delete from delivery d using looked l where d.complaint_id = l.complaint_id and d.at < $4::timestamptz
)
select (select complaint_id from looked order by complaint_id desc limit 1) as last, (select count (*) from emptied)::int as forgotten

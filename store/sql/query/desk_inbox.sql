-- Open work of the reader's agencies by what is due next; one row more than `how many` says that there is more.
--   $1 agency's code, empty: all of the reader's own  $2 which: all, new, mine, colleagues, waiting, parked, support, arbiter, doubt
--   $3 due and  $4 complaint_id behind which it goes on, empty: from the first  $5 how many
select coalesce (json_agg (row_to_json (r) order by r.due, r.id), '[]')::text
from (
    select w.complaint_id as id, number_text (c.number) as number, a.code as agency, a.agency_id as agency_number, a.name as agency_name,
           case when w.state in (2, 5) and w.lease_until <= now () then 1 else w.state end as work, w.lead, w.bond, w.version, w.attempt,
           w.priority, w.due,
           case when c.state = 6 then coalesce (returned_was (c.complaint_id), 6) else c.state end as state, c.class, c.received,
           c.flags & 2 <> 0 as secret, c.flags & 4 <> 0 as oversight,
           c.flags & 6 <> 0 and case_until (c.complaint_id) is not null and not session_looked (c.complaint_id) as unlooked,
           case w.due when c.due_first then 'first' when c.due_verify then 'verify' when c.due_resolve then 'resolve' else 'due' end as clock,
           desk_clock (w.due) - 'skipped' as time,
           g.name as category, p.name as place,
           case when case_until (c.complaint_id) is not null
                then desk_title (coalesce (t.title_edited, t.title), coalesce (t.body_edited, t.body)) end as title,
           case when w.state in (2, 3) then desk_who (w.leased_by, w.agency) end as who, w.leased_by = session_reader () as mine,
           case when w.state = 2 then w.lease_until end as until
    from desk_nodes ($1::text) n (agency)
    cross join lateral (
        select s.* from assignment s
        where s.agency = n.agency and s.open
          and ($3::text = '' or (s.due, s.complaint_id) > (nullif ($3::text, '')::timestamptz, nullif ($4::text, '')::uuid))
          and case $2::text
              when 'new' then s.state = 1 or (s.state in (2, 5) and s.lease_until <= now ())
              when 'mine' then s.state in (2, 3) and s.leased_by = session_reader ()
              when 'colleagues' then s.state in (2, 3) and s.leased_by <> session_reader ()
              when 'waiting' then s.state in (4, 5)
              when 'parked' then s.state = 6
              when 'support' then not s.lead
              when 'arbiter' then s.bond = 1
              when 'doubt' then s.priority = 4 and work_doubted (s.complaint_id)
              else true end
        order by s.due, s.complaint_id
        limit $5::int + 1) w
    join complaint c on c.complaint_id = w.complaint_id
    join agency a on a.agency_id = w.agency
    left join content t on t.complaint_id = w.complaint_id
    left join category g on g.category_id = c.category
    left join region p on p.code = c.region
    order by w.due, w.complaint_id
    limit $5::int + 1
) r

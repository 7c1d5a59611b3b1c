-- What is late below an agency of the reader's scope, the latest first; of oversight complaints state and clock alone.
--   $1 the agency's code, empty: wherever he coordinates  $2 how many
-- The latest $2 + 1 are all of agencies that are among the first $2 + 1 by their own latest one: what is read does not grow with how
-- much is late.
with nodes as materialized (
    select distinct u.agency
    from agency_above u
    where u.above in (select p.agency_id from appointment p
                      where $1::text = '' and p.principal_id = session_reader () and p.role in (5, 6) and p.ended_at is null
                        and (p.until is null or p.until > statement_timestamp ())
                      union all
                      select n from desk_nodes ($1::text) n where $1::text <> '')
), worst as (
    select n.agency
    from nodes n
    cross join lateral (select s.due from assignment s where s.agency = n.agency and s.open and s.due <= now () order by s.due limit 1) w
    order by w.due
    limit $2::int + 1
), late as (
    select w.complaint_id, w.agency, w.due, w.state, w.lead
    from worst n
    cross join lateral (select s.* from assignment s where s.agency = n.agency and s.open and s.due <= now ()
                        order by s.due limit $2::int + 1) w
    order by w.due
    limit $2::int + 1
)
select coalesce (json_agg (row_to_json (r) order by r.due), '[]')::text
from (
    select c.complaint_id as id, number_text (c.number) as number, a.code as agency, a.name as agency_name, w.due, w.lead, w.state as work,
           c.state, c.class, c.received,
           c.flags & 6 <> 0 and case_until (c.complaint_id) is not null and not session_looked (c.complaint_id) as unlooked, desk_clock (w.due) - 'skipped' as time,
           case when case_until (c.complaint_id) is not null
                then desk_title (coalesce (t.title_edited, t.title), coalesce (t.body_edited, t.body)) end as title
    from late w
    join complaint c on c.complaint_id = w.complaint_id
    join agency a on a.agency_id = w.agency
    left join content t on t.complaint_id = c.complaint_id
) r

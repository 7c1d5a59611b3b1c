-- One complaint by its id, with the decision and, unless it is secret or oversight, its words and whom it names.
--   $1 complaint_id
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select c.complaint_id as id, number_text (c.number) as number, c.version, case when c.state = 6 then coalesce (returned_was (c.complaint_id), 6) else c.state end as state, c.received, c.due_verify,
           c.due_first, c.due_resolve, h.code as holder, c.adapter, c.category, c.channel, c.class, c.priority,
           c.rung, c.confidence, c.language, c.flags, c.region, c.registry, c.rules, t.decision::json as decision, c.events,
           case when c.flags & 6 = 0 then t.title end as title,
           case when c.flags & 6 = 0 then t.body end as body,
           case when c.flags & 6 = 0 then t.location end as location,
           case when c.flags & 6 = 0 then t.target end as target,
           case when c.flags & 6 = 0 then t.incident end as incident, t.external,
           (select json_agg (row_to_json (s))
            from (select a.code as agency, w.state, w.lead, w.bond, w.version, w.attempt, w.nacks, w.priority, w.due
                  from assignment w join agency a on a.agency_id = w.agency
                  where w.complaint_id = c.complaint_id order by a.code) s) as assignments,
           (select json_agg (row_to_json (s))
            from (select e.at, e.number, a.code as agency, e.data
                  from event e left join agency a on a.agency_id = e.agency
                  where e.complaint_id = c.complaint_id and e.kind = 2 order by e.number) s) as hand_overs,
           (select json_agg (a.code order by a.code) from informed o join agency a on a.agency_id = o.agency
            where o.complaint_id = c.complaint_id) as informed
    from complaint c
    join content t on t.complaint_id = c.complaint_id
    left join agency h on h.agency_id = c.holder
    where c.complaint_id = $1::uuid
) r

-- Who may read one case by permit: all of it for those who read the case as its holder's, their own for the permitted.
--   $1 tracking number
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select x.permit_id as permit, g.code as agency, g.name as agency_name, p.login as person, desk_who (x.principal_id, c.holder) as name,
           case x.level when 2 then 'content' else 'state' end as level, x.since, x.until, x.reason, x.ended_at, desk_who (x.granted_by, c.holder) as by,
           x.ended_at is null and x.until > statement_timestamp () as lasts, x.principal_id is not distinct from session_reader () as own,
           case when c.flags & 4 <> 0 then person_reads_oversight (session_reader (), c.holder)
                else person_may (session_reader (), c.holder, 1 << 5) end as may
    from complaint c
    join permit x on x.complaint_id = c.complaint_id
    left join agency g on g.agency_id = x.agency_id
    left join person p on p.principal_id = x.principal_id
    where c.number = number_bits ($1::text)
      and (case when c.flags & 4 <> 0 then person_reads_oversight (session_reader (), c.holder) else person_may (session_reader (), c.holder, desk_readers ()) end
           or x.principal_id = session_reader () or c.flags & 4 = 0 and person_may (session_reader (), x.agency_id, desk_readers ()))
    order by x.ended_at is null and x.until > statement_timestamp () desc, x.permit_id
) r

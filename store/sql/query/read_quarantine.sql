-- Records that could not be stored, oldest first, at most 500.  Their raw bytes are not read here.
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select q.at, q.complaint_id as id, q.sqlstate, q.reason, a.code as owner, q.adapter, q.received
    from quarantine q
    left join agency a on a.agency_id = q.owner
    order by q.at
    limit 500
) r

-- Limits and steps of the clocks, all versions, the newest first.  Class null: every one without a row of its own; agency
-- null: everybody.
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select s.limit_version as version, s.starts_at, s.note, r.rule, r.clock,
           (array ['complaint', 'complaint_plain', 'complaint_oversight', 'aspiration', 'info_request'])[r.class] as class,
           a.code as agency, r.days, r.share
    from limit_set s join limit_row r using (limit_version) left join agency a on a.agency_id = r.agency
    order by s.limit_version desc, r.rule, r.clock, r.class, a.code nulls first
    limit 5000
) r

-- Who may read one case by permit.
--   $1 tracking number
select json_agg (json_build_object ('permit', x.permit_id, 'agency', g.code, 'person', p.login, 'level', case x.level when 2 then 'content' else 'state' end,
                                    'since', x.since, 'until', x.until, 'reason', x.reason, 'ended_at', x.ended_at) order by x.permit_id)
from complaint c
join permit x on x.complaint_id = c.complaint_id
left join agency g on g.agency_id = x.agency_id
left join person p on p.principal_id = x.principal_id
where c.number = number_bits ($1::text)

-- The person whose session it is, until when it lasts, and what he is appointed to; no row: there is no such session.
select json_agg (json_build_object ('person', p.principal_id, 'login', p.login, 'name', p.name, 'language', p.language,
                                    'ends_at', s.ends_at, 'last_at', s.last_at, 'appointments', person_appointments (p.principal_id),
                                    'access', (select coalesce (json_agg (json_build_object ('made', h.made, 'by', h.login, 'name', h.name, 'accepted', h.accepted)), '[]')
                                               from access_history () h)))
from session_reading () s
join person p on p.principal_id = s.principal_id

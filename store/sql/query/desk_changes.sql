-- What was changed in what the person administers, and what he changed himself, the newest first.  Coming and going is no change.
-- A permit's change is for whoever may know of the case.
--   $1 number of the change before which to go on, '': from the newest  $2 subject (a code, a login, a key's name), '': all
--   $3 agency whose part of the tree was changed, '': all
select json_agg (t order by t.change desc)
from (
    select c.change_id as change, c.at, p.login as by, p.name as by_name, c.principal_id = 0 as shell, c.name as order, g.code as agency, g.name as agency_name, c.subject, c.old, c.new
    from change c
    left join person p on p.principal_id = c.principal_id
    left join agency g on g.agency_id = c.agency_id
    where (c.principal_id = (select session_reader ()) or (c.agency_id is not null and (select session_everywhere ())) or c.agency_id in (select session_administers (96)))
      and c.name not in ('login', 'logout')
      and (c.name not in ('permit', 'withdraw_permit') or c.principal_id = (select session_reader ())
           or exists (select from complaint x where x.number = number_bits (c.subject)))
      and c.change_id < coalesce (nullif ($1::text, '')::bigint, 9223372036854775807) and ($2::text = '' or c.subject = $2::text)
      and ($3::text = '' or g.code = $3::text)
    order by c.change_id desc
    limit 100) t

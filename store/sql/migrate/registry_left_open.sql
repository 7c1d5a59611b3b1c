-- Retired agencies with work that is not done: it does not move by itself.
select a.code, count (*)
from assignment w join agency a on a.agency_id = w.agency
where w.state < 7 and a.retired_at is not null
group by a.code order by count (*) desc, a.code

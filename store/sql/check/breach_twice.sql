-- A breach is recorded once, and once more only where one was annulled between; nothing is escalated that was none.
select complaint_id, data ->> 'clock' as clock
from event where kind in (41, 42, 46)
group by complaint_id, data ->> 'clock'
having count (*) filter (where kind = 41) - count (*) filter (where kind = 46) not in (0, 1)
    or count (*) filter (where kind = 41) = 0

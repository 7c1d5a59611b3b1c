-- What leased complaints say, in the order of their ids, where the store does not have it any more.
--   $1 ids
select t.title, t.body, t.location, c.class, c.category, c.region, c.received, c.due_first, c.due_resolve, c.flags, t.attachments
from unnest ($1::uuid[]) with ordinality as i (id, ordinal)
left join content t on t.complaint_id = i.id
left join complaint c on c.complaint_id = i.id
order by i.ordinal

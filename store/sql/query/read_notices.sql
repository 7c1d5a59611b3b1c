-- Notices that nobody sends by himself any more, newest first, at most 500: failed ten times, refused
-- for ever, outcome unknown.  Addresses are not here; they are sealed.
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select n.at, n.complaint_id as id, number_text (c.number) as number, n.event, n.recipient,
           (array ['received', 'moved', 'progress', 'answered', 'asked', 'closed', 'refused', 'merged', 'joined',
                   'parted', null, null, null, null, null, null, null, null, null, 'late', 'offered', 'silence', 'reminded', 'timed_out',
                   'expired', 'digest', 'unread', 'assigned', 'breached', 'supported_answered', 'supported_closed'])[n.template] as template,
           n.attempt, (array ['sent', 'failed', 'refused', 'unknown'])[n.outcome] as outcome, n.code
    from notice_ended n
    left join bulletin b on n.recipient > 0 and b.bulletin_id = n.complaint_id
    left join complaint c on c.complaint_id = case when n.recipient = 0 then n.complaint_id else b.complaint_id end
    where n.recipient > 0 or c.complaint_id is not null
    order by n.at desc
    limit 500
) r

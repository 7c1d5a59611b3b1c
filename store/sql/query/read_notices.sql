-- Notices that nobody sends by himself any more, newest first, at most 500: failed ten times, refused
-- for ever, outcome unknown.  Addresses are not here; they are sealed.
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select n.at, n.complaint_id as id, number_text (c.number) as number, n.event, n.recipient,
           (array ['received', 'moved', 'progress', 'answered', 'asked', 'closed', 'refused', 'merged', 'joined',
                   'parted', null, null, null, null, null, null, null, null, null, 'late', 'offered', 'silence', 'reminded', 'timed_out',
                   'expired'])[n.template] as template,
           n.attempt, (array ['sent', 'failed', 'refused', 'unknown'])[n.outcome] as outcome, n.code
    from notice_ended n
    join complaint c on c.complaint_id = n.complaint_id
    order by n.at desc
    limit 500
) r

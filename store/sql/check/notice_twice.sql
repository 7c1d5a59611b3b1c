-- One notice for an event and recipient, pending or under way or ended.
select id, event, recipient, count (*) from (
    select complaint_id as id, event, recipient from notice_pending
    union all select complaint_id, event, recipient from notice_ended where outcome <> 4
    union all select d.id, d.event, d.recipient from dispatch, unnest (ids, events, recipients) as d (id, event, recipient)) n
group by id, event, recipient having count (*) > 1

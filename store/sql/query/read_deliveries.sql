-- What has become of notices, at most 500: those that wait and those that are parked, the newest parked first, with their owner;
-- of one complaint all there is, with the delivery log.  A mail that was taken at the first try has its event alone for a log.
-- Whom it was for is a role; of an officer's the login, too, and of what is about no case no number.  Addresses are not here; they are
-- sealed.
--   $1 a tracking number or id; empty: of all  $2 'parked': these alone
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    with asked as materialized (
        select $1::text = '' as every, $2::text = 'parked' as parked,
               case when $1::text ~* '^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$' then $1::text::uuid
                    else (select complaint_id from complaint where number = number_bits (nullif ($1::text, '')) limit 1) end as complaint
    ), parked as (
        select n.at, n.complaint_id, n.event, n.recipient, n.template, n.channel, n.attempt, n.outcome, n.code, null::timestamptz as due,
               case n.outcome when 4 then 'unknown' else 'parked' end as state
        from asked a,
             lateral (select * from notice_ended n where a.every order by n.at desc limit 500) n
        union all
        select n.at, n.complaint_id, n.event, n.recipient, n.template, n.channel, n.attempt, n.outcome, n.code, null,
               case n.outcome when 4 then 'unknown' else 'parked' end
        from asked a join notice_ended n on n.complaint_id = a.complaint
    ), waits as (
        select n.not_before as at, n.complaint_id, n.event, n.recipient, n.template, n.channel, n.attempt, 0::smallint as outcome, n.code,
               n.not_before as due, 'waits' as state
        from asked a, generate_series (1, 30) as c (channel),
             lateral (select * from notice_aside n where a.every and n.channel = c.channel order by n.not_before limit 100) n
        union all
        select n.not_before, n.complaint_id, n.event, n.recipient, n.template, n.channel, n.attempt, 0, n.code, n.not_before, 'waits'
        from asked a join notice_pending n on n.complaint_id = a.complaint
    ), logged as (
        select d.at, d.complaint_id, d.event, d.recipient, d.template, d.channel, d.attempt, d.outcome, d.code, null::timestamptz as due,
               (array ['sent', 'failed', 'refused', 'unknown', 'skipped', 'delivered', 'resumed'])[d.outcome] as state
        from asked a join delivery d on d.complaint_id = a.complaint
        where d.outcome in (1, 5, 6, 7)
    ), everything as (
        select * from parked union all select w.* from waits w, asked a where not a.parked union all select l.* from logged l, asked a where not a.parked
    )
    select e.state, number_text (c.number) as number, e.complaint_id as id, e.event, e.recipient,
           (array ['received', 'moved', 'progress', 'answered', 'asked', 'closed', 'refused', 'merged', 'joined', 'parted', 'archived', 'reopened',
                   null, 'unsatisfied', null, 'split', 'blocked', null, null, 'late', 'offered', 'silence', 'reminded', 'timed_out',
                   'expired', 'digest', 'unread', 'assigned', 'breached', 'supported_answered', 'supported_closed'])[e.template] as template,
           (array ['reporter', 'officer', 'supporter'])[e.recipient + 1] as role, p.login,
           case e.channel when 5 then 'sms' when 6 then 'email' when 7 then 'whatsapp' end as channel, e.attempt, e.code,
           (array ['fault', 'quiet', 'limit', 'limit_all', 'no_gateway', 'no_address', 'stopped'])[e.code] as reason, e.at, e.due,
           case when e.state in ('parked', 'unknown') then (select code from agency where parent is null and retired_at is null order by agency_id limit 1) end as owner
    from everything e
    left join bulletin b on e.recipient > 0 and b.bulletin_id = e.complaint_id
    left join person p on p.principal_id = b.principal_id
    left join complaint c on c.complaint_id = case when e.recipient = 0 then e.complaint_id else b.complaint_id end
    where e.recipient > 0 or c.complaint_id is not null
    order by case e.state when 'parked' then 1 when 'unknown' then 2 when 'waits' then 3 else 4 end, e.at desc
    limit 500
) r

-- What gateways said later of notices that they had taken: reports repeat and come out of order.  One that was delivered
-- stays so.  One that cannot be reached is parked like a refusal: timers count on it.  One whose recipient wants none (5): its
-- complaint and all others of the same sender forget where news go, and what waits for him goes; a supporter's contact goes.
-- One whose recipient wants them again (7) brings where news go, and all cases of that sender that know of nowhere get it: those that are
-- over for good have forgotten their sender, too.  Of either the address may be said, as a hash: then the wish is for all that goes there,
-- whoever named it, and need not be of a case.
--   $1 ids  $2 events  $3 recipients  $4 channels  $5 outcomes (enum told)  $6 codes  $7 contacts' keys  $8 contacts  $9 hashes of addresses
with wish as (
    select distinct on (who) who, outcome from unnest ($5::int[], $9::bytea[]) with ordinality as i (outcome, who, turn)
    where octet_length (who) = 16 and outcome in (5, 7)
    order by who, turn desc
), stops as (
    insert into stopped (who) select who from wish where outcome = 5 on conflict do nothing
), goes_on as (
    delete from stopped s using wish w where w.outcome = 7 and s.who = w.who
), said as (
    select distinct on (id, event, recipient) i.*
    from unnest ($1::uuid[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[], $8::bytea[]) with ordinality
             as i (id, event, recipient, channel, outcome, code, contact_key, contact, turn)
    where exists (select from event e where e.complaint_id = i.id and e.number = i.event)
       or i.recipient > 0 and exists (select from bulletin b where b.bulletin_id = i.id)
    order by id, event, recipient, outcome desc, turn desc
), noted as (
    insert into delivery as d (complaint_id, at, recipient, code, event, template, attempt, channel, outcome)
    select id, clock_timestamp (), recipient, code, event, 0, 1, channel, outcome from said
    on conflict (complaint_id, event, recipient) do update
    set at = excluded.at, code = excluded.code, outcome = excluded.outcome
    where d.outcome <> 6 and d.outcome <> excluded.outcome
    returning d.complaint_id, d.event, d.recipient, d.template, d.attempt, d.outcome, d.code, d.channel
), ended as (
    insert into notice_ended (complaint_id, event, recipient, template, attempt, outcome, code, at, channel)
    select complaint_id, event, recipient, template, attempt, 3, code, clock_timestamp (), channel from noted where outcome = 3
    on conflict do nothing
), unwanted as materialized (
    select id from said where outcome = 5 and recipient = 0
    union
    select t.complaint_id
    from said i
    join content t on t.sender = (select o.sender from content o where o.complaint_id = i.id) and t.contact is not null
    where i.outcome = 5 and i.recipient = 0
), unsupported as (
    update supporter s set contact = null, contact_key = null
    from said i join bulletin b on b.bulletin_id = i.id
    where i.outcome = 5 and i.recipient = 2 and s.complaint_id = b.complaint_id and s.submission = b.submission
), forgotten as (
    update content t set contact = null, contact_key = null from unwanted u where t.complaint_id = u.id
), known as (
    update complaint c set flags = c.flags & ~16 from unwanted u where c.complaint_id = u.id and c.flags & 16 <> 0
), resumed as (
    update content t set contact = i.contact, contact_key = i.contact_key
    from said i join content o on o.complaint_id = i.id
    where i.outcome = 7 and i.recipient = 0 and i.contact is not null and t.sender = o.sender and t.contact is null
    returning t.complaint_id
), heard as (
    update complaint c set flags = c.flags | 16 from resumed r where c.complaint_id = r.complaint_id and c.flags & 16 = 0
), silent as (
    delete from notice n using unwanted u where n.complaint_id = u.id and n.recipient = 0
), aside as (
    delete from notice_aside n using unwanted u where n.complaint_id = u.id and n.recipient = 0
)
select count (*)::int as noted from noted

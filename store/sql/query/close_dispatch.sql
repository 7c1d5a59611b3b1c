-- What became of the notices of a dispatch.  Sent ones are gone: their event is the log.  Failed
-- ones are due again later, ten failures and refusals end, unknown ones end counted.  Positions
-- that were never handed over (beyond the outcomes) and code 0 of a failure are simply due again.
--   $1 dispatch id  $2 outcomes (enum told) by position  $3 codes by position
with gone as (
    delete from dispatch where dispatch_id = $1::uuid returning *
), outcome as (
    select o.id, o.event, o.recipient, nullif (o.agency, 0) as agency, o.template, o.attempt,
           coalesce (($2::int[])[o.position], 2) as told, coalesce (($3::int[])[o.position], 0) as code
    from gone g,
         unnest (g.ids, g.events, g.recipients, g.agencies, g.templates, g.attempts) with ordinality
             as o (id, event, recipient, agency, template, attempt, position)
), again as (
    insert into notice (complaint_id, not_before, recipient, agency, event, template, attempt)
    select id, clock_timestamp () + make_interval (secs => case when code = 0 then 30
               else least (3600, 30 * power (2, attempt)) * (0.75 + random () / 2) end),
           recipient, agency, event, template, attempt + (code <> 0)::int
    from outcome where told = 2 and (attempt < 9 or code = 0)
    on conflict do nothing
), ended as (
    insert into notice_ended (complaint_id, event, recipient, agency, template, attempt, outcome, code, at)
    select id, event, recipient, agency, template, attempt + 1, told, code, clock_timestamp ()
    from outcome where told in (3, 4) or (told = 2 and attempt >= 9 and code <> 0)
    on conflict do nothing
), found as (
    delete from notice_ended n using outcome o
    where o.told = 1 and n.outcome = 4 and n.complaint_id = o.id and n.event = o.event and n.recipient = o.recipient
)
select count (*)::int as closed from outcome where told <> 2

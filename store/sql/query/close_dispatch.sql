-- What became of the notices of a dispatch.  Failed ones are due again later, ten failures and refusals end, unknown ones
-- end counted.  Positions that were never handed over (beyond the outcomes) and code 0 of a failure are simply due again;
-- so is one that has a time of its own to be tried at.  What its event alone does not tell is logged.
--   $1 dispatch id  $2 outcomes (enum told) by position  $3 codes  $4 channels (0: not known)
--   $5 when a failed one is to be tried, ms UTC (0: not said)
with gone as (
    delete from dispatch where dispatch_id = $1::uuid returning *
), outcome as (
    select o.id, o.event, o.recipient, nullif (o.agency, 0) as agency, o.template, o.attempt,
           coalesce (($2::int[])[o.position], 2) as told, coalesce (($3::int[])[o.position], 0) as code,
           coalesce (($4::int[])[o.position], 0) as channel, coalesce (($5::bigint[])[o.position], 0) as until
    from gone g,
         unnest (g.ids, g.events, g.recipients, g.agencies, g.templates, g.attempts) with ordinality
             as o (id, event, recipient, agency, template, attempt, position)
), judged as (
    select *, code <> 0 and until = 0 as tried,
           case when told <> 2 then told <> 1 and told <> 5 else attempt >= 9 and code <> 0 and until = 0 end as ends,
           case when until > 0 then least (to_timestamp (until / 1000.0), clock_timestamp () + interval '3 days')
                else clock_timestamp () + make_interval (secs => case when code = 0 then 30
                         else least (3600, 30 * power (2, attempt)) * (0.75 + random () / 2) end) end as again_at
    from outcome
), again as (
    insert into notice (complaint_id, not_before, recipient, agency, event, template, attempt)
    select id, again_at, recipient, agency, event, template, attempt + tried::int
    from judged where told = 2 and not ends and channel = 0
    on conflict do nothing
), aside as (
    insert into notice_aside (complaint_id, not_before, recipient, agency, code, event, template, attempt, channel)
    select id, again_at, recipient, agency, code, event, template, attempt + tried::int, channel
    from judged where told = 2 and not ends and channel > 0
    on conflict do nothing
), ended as (
    insert into notice_ended (complaint_id, event, recipient, agency, template, attempt, outcome, code, at, channel)
    select id, event, recipient, agency, template, attempt + 1, told, code, clock_timestamp (), nullif (channel, 0)
    from judged where ends
    on conflict do nothing
), logged as (
    insert into delivery (complaint_id, at, recipient, code, event, template, attempt, channel, outcome)
    select id, clock_timestamp (), recipient, code, event, template, attempt + 1, channel, told
    from judged where ends or told = 5 or (told = 1 and (attempt > 0 or channel not in (0, 6)))
    on conflict (complaint_id, event, recipient) do update
    set at = excluded.at, code = excluded.code, attempt = excluded.attempt, channel = excluded.channel, outcome = excluded.outcome
), found as (
    delete from notice_ended n using outcome o
    where o.told = 1 and n.outcome = 4 and n.complaint_id = o.id and n.event = o.event and n.recipient = o.recipient
)
select count (*)::int as closed from outcome where told <> 2

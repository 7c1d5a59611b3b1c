-- Dispatches whose notifier said nothing for $1 seconds: their outcome is not known.
with gone as (
    delete from dispatch where claimed_at < clock_timestamp () - make_interval (secs => $1::int) returning *
)
insert into notice_ended (complaint_id, event, recipient, agency, template, attempt, outcome, code, at)
select o.id, o.event, o.recipient, nullif (o.agency, 0), o.template, o.attempt + 1, 4, 0, clock_timestamp ()
from gone g, unnest (g.ids, g.events, g.recipients, g.agencies, g.templates, g.attempts)
    as o (id, event, recipient, agency, template, attempt)
on conflict do nothing

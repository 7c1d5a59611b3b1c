-- Whoever watches is set up from above: no coordinator makes an inspectorate of his own part of the tree, to which its oversight
-- complaints would go.  And no key comes to work for one by a detour.

-- `below`: the parent of the agency that gets the flags.
create function flags_fault (actor int, flags text, below int) returns smallint language sql stable as $$
    select coalesce (flags_fault (actor, flags), case when flags ~ 'inspectorate' and not person_above (actor, below) then 13 end::smallint)
$$;

-- As in 0047, but that keys are not handed on to an inspectorate or the national desk: they would be given oversight content.
create or replace function agency_hand_on (gone int, heir int, person int, key uuid, base bigint) returns jsonb language plpgsql volatile as $$
declare
    -- open assignments of the agency: those that the successor has not got, and those of cases in which it has a part
    own uuid[] := array (select w.complaint_id from assignment w where w.agency = gone and w.state < 7
                         and not exists (select from assignment o where o.complaint_id = w.complaint_id and o.agency = heir));
    shared uuid[] := array (select w.complaint_id from assignment w where w.agency = gone and w.state < 7
                          and exists (select from assignment o where o.complaint_id = w.complaint_id and o.agency = heir));
    led uuid[] := array (select w.complaint_id from assignment w where w.agency = gone and w.state < 7 and w.lead);
    guarded boolean := (select g.parent is null or g.flags ~ '\minspectorate\M' from agency g where g.agency_id = heir);
    staff int;
    keys int;
begin
    update assignment w
    set agency = heir, state = case when w.state = 2 then 1 else w.state end, leased_by = null, lease_until = case when w.state = 5 then w.lease_until end,
        version = greatest (w.version, base) + 1
    where w.complaint_id = any (own) and w.agency = gone;
    -- there is one lead: the old one ends before the new one begins
    update assignment w
    set state = 7, queued = false, lead = false, leased_by = null, lease_until = null, left_at = statement_timestamp (), version = greatest (w.version, base) + 1
    where w.complaint_id = any (shared) and w.agency = gone;
    update assignment o
    set lead = true, state = case when o.state in (2, 7) then 1 else o.state end, queued = o.queued or o.state = 7, left_at = null,
        leased_by = null, lease_until = case when o.state = 5 then o.lease_until end, version = greatest (o.version, base) + 1
    where o.complaint_id = any (shared) and o.complaint_id = any (led) and o.agency = heir and not o.lead;
    with moved as (
        update complaint c set holder = heir, version = greatest (c.version, base) + 1, events = c.events + 1
        where c.complaint_id = any (led) and c.holder = gone
        returning c.complaint_id, c.events, c.flags
    ), history as (
        insert into event (complaint_id, at, act_key, principal, agency, kind, number, data)
        select complaint_id, clock_timestamp (), key, person, heir, 2, events, jsonb_build_object ('to', heir, 'from', gone, 'successor', true) from moved
    )
    insert into notice (complaint_id, recipient, agency, event, template)
    select complaint_id, 0, heir, events, 2 from moved where flags & 16 <> 0;
    insert into informed (complaint_id, agency, at) select i.complaint_id, heir, i.at from informed i where i.agency = gone on conflict do nothing;
    update permit set agency_id = heir where agency_id = gone and ended_at is null;
    update appointment a set ended_at = statement_timestamp ()
    where a.agency_id = gone and a.ended_at is null
      and exists (select from appointment o where o.agency_id = heir and o.principal_id = a.principal_id and o.role = a.role and o.ended_at is null);
    insert into appointment (principal_id, agency_id, role, named, deputy_of, appointed_by, until)
    select a.principal_id, heir, a.role, a.named, a.deputy_of, person, a.until from appointment a where a.agency_id = gone and a.ended_at is null;
    get diagnostics staff = row_count;
    update appointment a set ended_at = statement_timestamp () where a.agency_id = gone and a.ended_at is null;
    insert into principal_agency select k.principal_id, heir from principal_agency k where k.agency_id = gone and not guarded on conflict do nothing;
    get diagnostics keys = row_count;
    delete from principal_agency where agency_id = gone;
    update principal set agency_id = heir where agency_id = gone;
    return jsonb_build_object ('cases', cardinality (own) + cardinality (shared), 'people', staff, 'keys', keys);
end $$;

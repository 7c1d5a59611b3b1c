-- What people may administer where: docs/administration.md.

-- Agencies and competences that people have changed are theirs from then on: the registry's files do not decide about them.
alter table agency add by_order timestamptz;
alter table competence add by_order timestamptz, add ended_at timestamptz;
grant insert, update on competence to aduan_store;

-- A key that people made belongs to an agency; that of a file has none.  After a rotation the old one is good for a while.
alter table principal
    add agency_id int references agency,
    add old_key   text unique,
    add old_until timestamptz;

-- When a key was last used, to some minutes; apart from principal, whose changes make a new snapshot.
create table key_use (
    principal_id int primary key references principal,
    used_at      timestamptz not null
);
grant select, insert, update on key_use to aduan_store;

create or replace function snapshot_principals () returns text language sql stable as $$
    select coalesce (string_agg (concat_ws (E'\t', 'principal', p.principal_id, k.key,
               case p.role when 1 then 'adapter' when 2 then 'worker' else 'front' end, p.name, p.rights,
               coalesce ((select string_agg (a.agency_id::text, ',' order by a.agency_id)
                          from principal_agency a where a.principal_id = p.principal_id), '-')) || E'\n',
               '' order by p.principal_id, k.n), '')
    from principal p
    cross join lateral (values (1, p.key), (2, p.old_key)) k (n, key)
    where p.revoked_at is null and p.role < 4 and k.key is not null
$$;

create or replace function snapshot_registry () returns text language sql stable as $$
    select snapshot_tree ()
        || coalesce ((select string_agg (concat_ws (E'\t', 'competence', c.agency_id, c.function_id, coalesce (c.region, '-')) || E'\n', ''
                      order by c.function_id, c.region nulls first, c.agency_id)
                      from competence c join agency a on a.agency_id = c.agency_id where a.retired_at is null and c.ended_at is null), '')
        || coalesce ((select string_agg (concat_ws (E'\t', 'mandate', case when m.agency_id is null then 'f' else 'a' end,
                      coalesce (m.agency_id, m.function_id), m.weight, m.phrase, nullif (m.level, 0)) || E'\n', ''
                      order by m.function_id, m.agency_id, m.phrase)
                      from mandate m left join agency a on a.agency_id = m.agency_id where a.retired_at is null), '')
        || coalesce ((select string_agg (concat_ws (E'\t', 'connection', a.agency_id, case a.verify_at when 2 then 'national' else 'self' end,
                      coalesce (a.route_depth::text, '-')) || E'\n', '' order by a.agency_id)
                      from agency a where a.retired_at is null and (a.verify_at = 2 or a.route_depth is not null)), '')
$$;

-- ---- the tree

create function agency_named (code text) returns int language sql stable as $$
    select agency_id from agency a where a.code = agency_named.code and a.retired_at is null
$$;

-- The government whose place it is: who stands at the most exact region that has one, at last the nation's.
create function region_desk (region text) returns int language sql stable as $$
    select a.agency_id
    from agency a
    where a.retired_at is null and (a.parent is null or (a.flags ~ '\mdesk\M' and (region_desk.region = a.region or region_desk.region like a.region || '.%')))
    order by length (a.region) desc nulls last, a.agency_id
    limit 1
$$;

-- Is he a coordinator of one above the agency, or of the root?
create function person_above (person int, agency int) returns boolean language sql stable as $$
    select exists (
        select from appointment a
        join agency_above u on u.agency = person_above.agency and u.above = a.agency_id
        join agency g on g.agency_id = a.agency_id
        where a.principal_id = person and a.role = 5 and a.ended_at is null and (a.until is null or a.until > statement_timestamp ())
          and (u.depth > 0 or g.parent is null))
$$;

-- The tree has changed: what follows from it, and a new snapshot for those who decide by it.
create function tree_changed () returns boolean language plpgsql volatile as $$
begin
    perform agency_derive ();
    update snapshot set version = version + 1 where kind = 2;
    return true;
end $$;
create function registry_changed () returns boolean language sql volatile as $$
    update snapshot set version = version + 1 where kind = 2 returning true
$$;
grant update on snapshot to aduan_store;

-- Of what kind a child may be.
create function kind_fits (kind text, above text) returns boolean language sql immutable as $$
    select (kind, above) in (('agency', 'root'), ('unit', 'root'), ('unit', 'agency'), ('subunit', 'agency'), ('subunit', 'unit'))
$$;

-- ---- people

create function role_number (word text) returns smallint language sql immutable as $$
    select (array_position (array['coordinator', 'agency_admin', 'liaison', 'overseer', 'operator'], word) + 4)::smallint
$$;

create function person_named (login text) returns int language sql stable as $$
    select p.principal_id from person p where p.login = lower (person_named.login)
$$;

-- Why he may not appoint to this role here: enum reason; null: he may.  Nobody gives what he does not hold: a coordinator's holds
-- every role that reads or acts below him, an agency admin's his officers, an operator's operators.
create function grant_fault (person int, agency int, role int) returns smallint language sql stable as $$
    select order_fault (person, agency, case role when 7 then 96 when 9 then 512 else 32 end)
$$;

-- Is there somebody who reads this agency's oversight content, and is it he?
create function agency_names (agency int) returns boolean language sql stable as $$
    select exists (select from appointment a where a.agency_id = agency and a.named and a.ended_at is null
                                               and (a.until is null or a.until > statement_timestamp ()))
$$;
create function person_reads_oversight (person int, agency int) returns boolean language sql stable as $$
    select exists (select from appointment a where a.principal_id = person and a.agency_id = agency and a.named and a.ended_at is null
                                               and (a.until is null or a.until > statement_timestamp ()))
$$;

-- May he name this agency's staff as readers of oversight content?  The first one is named from above; from then on they do it
-- among themselves, so that no coordinator reads by a person of his own making; and where none is left, one above those whom they
-- watch.  enum reason; null: he may.
create function naming_fault (actor int, agency int) returns smallint language sql stable as $$
    select case when not exists (select from agency a where a.agency_id = agency and (a.flags ~ '\minspectorate\M' or a.parent is null)) then 15
                when agency_names (agency) and not person_reads_oversight (actor, agency) then 13
                when not agency_names (agency) and not person_above (actor, agency) then 13
                when not agency_names (agency) and exists (select from appointment a where a.agency_id = agency and a.named)
                     and person_above (actor, (select parent from agency a where a.agency_id = agency)) is not true then 13 end
$$;

-- An inspectorate is administered from above those whom it watches.  enum reason; null: it is none, or he is.
create function watched_fault (actor int, agency int) returns smallint language sql stable as $$
    select case when exists (select from agency a where a.agency_id = agency and a.flags ~ '\minspectorate\M'
                                                    and person_above (actor, a.parent) is not true) then 13 end
$$;

-- Why he may not touch this person's data: enum reason; null: he may.  Each appointment of the person's must be one that he may
-- give; of one who is dismissed the last one.  Nobody is his own admin.
create function person_fault (actor int, person int) returns smallint language sql stable as $$
    with held as (
        select a.agency_id, a.role, a.ended_at is null and (a.until is null or a.until > statement_timestamp ()) as lasts,
               row_number () over (order by a.ended_at desc nulls first, a.appointment_id desc) as last
        from appointment a where a.principal_id = person
    ), counted as (
        select h.* from held h where h.lasts or (h.last = 1 and not exists (select from held where lasts))
    )
    select case when actor = person then 13
                when not exists (select from counted) then 3
                when exists (select from counted c where not person_may (actor, c.agency_id, 992)) then 3
                when exists (select from counted c where grant_fault (actor, c.agency_id, c.role) is not null) then 13 end
$$;

-- Does he read oversight content anywhere?  Then no new access of his passes through the hands of one who does not.
create function takeover_fault (actor int, person int) returns smallint language sql stable as $$
    select case when exists (select from appointment a where a.principal_id = person and a.named and a.ended_at is null
                               and (a.until is null or a.until > statement_timestamp ())
                               and not person_reads_oversight (actor, a.agency_id)) then 13 end
$$;

-- Nor is one who reads it put out, or locked out, by those whom he watches.  `at`: of this agency; null: of any.
create function silence_fault (actor int, person int, at int) returns smallint language sql stable as $$
    select case when exists (select from appointment a join agency g on g.agency_id = a.agency_id
                             where a.principal_id = person and a.named and a.ended_at is null and (at is null or a.agency_id = at)
                               and (a.until is null or a.until > statement_timestamp ())
                               and not person_reads_oversight (actor, a.agency_id) and person_above (actor, g.parent) is not true) then 13 end
$$;

-- ---- keys

-- Why he may not have to do with a key that works for these agencies and belongs to this one: enum reason; null: he may.  A key
-- that works for an inspectorate or the national desk is given oversight content: that is for its named staff.
create function key_fault (actor int, role int, owner int, agencies int[]) returns smallint language sql stable as $$
    with needed as (
        select owner as agency, 544 | case role when 2 then 64 else 0 end as roles
        union all
        select unnest (agencies), 608
    ), faults as (
        select order_fault (actor, n.agency, n.roles) as fault from needed n
        union all
        select 13 from unnest (agencies) u (agency) join agency a on a.agency_id = u.agency
        where (a.flags ~ '\minspectorate\M' or a.parent is null) and not person_reads_oversight (actor, a.agency_id)
    )
    select min (fault)::smallint from faults where fault is not null
$$;
-- The same of one that is there; those of a file belong to the root.
create function key_held_fault (actor int, held int) returns smallint language sql stable as $$
    select key_fault (actor, p.role, coalesce (p.agency_id, (select agency_id from agency where parent is null order by agency_id limit 1)),
                      array (select agency_id from principal_agency a where a.principal_id = p.principal_id))
    from principal p where p.principal_id = held and p.role in (1, 2)
$$;

-- Old keys whose time is over.
create function keys_expire () returns void language plpgsql volatile as $$
begin
    if exists (select from principal where old_until <= statement_timestamp ()) then
        update principal set old_key = null, old_until = null where old_until <= statement_timestamp ();
    end if;
end $$;

-- An appointment behind the end of the one before it, which the same statement wrote: `ended` makes it wait for that.
create function appointment_make (person int, agency int, role int, named boolean, by int, until timestamptz, deputy_of int, ended bigint)
returns boolean language sql volatile as $$
    insert into appointment (principal_id, agency_id, role, named, appointed_by, until, deputy_of)
    values (person, agency, role, named, by, until, deputy_of)
    returning true
$$;

-- Why he may not give this agency that place: enum reason; null: he may.  A place is its government's to give, the nation the root's:
-- else a coordinator would draw to himself what others have.
create function place_fault (actor int, agency int, region text) returns smallint language sql stable as $$
    select order_fault (actor, case when region is null then (select agency_id from agency where parent is null order by agency_id limit 1)
                                    else region_desk (region) end, 32)
$$;
-- Nor these flags; `below`: the parent of the agency that gets them.  Whoever watches is set up from above: no coordinator makes an
-- inspectorate of his own part of the tree, to which its oversight complaints would go.
create function flags_fault (actor int, flags text, below int) returns smallint language sql stable as $$
    select case when flags !~ '^(-|(inspectorate|desk|central)(,(inspectorate|desk|central)){0,2})$' then 15
                when flags ~ 'central' and not exists (select from agency g where g.parent is null and person_may (actor, g.agency_id, 32)) then 13
                when flags ~ 'inspectorate' and not person_above (actor, below) then 13 end
$$;

-- May this person be shown a case of that holder's?  Who is in the granter's scope, or an overseer above the holder.
create function reader_fault (actor int, reader int, holder int) returns smallint language sql stable as $$
    select case when person_fault (actor, reader) is null then null
                when exists (select from appointment a join agency_above u on u.agency = holder and u.above = a.agency_id
                             where a.principal_id = reader and a.role = 8 and a.ended_at is null and (a.until is null or a.until > statement_timestamp ())) then null
                when exists (select from appointment a where a.principal_id = reader and a.ended_at is null and person_may (actor, a.agency_id, 992)) then null
                else 3 end
$$;

-- What a closed agency leaves: its open work is its successor's, ready or as it was, with a new version, so that whoever held it
-- learns of it; where the successor has a part in the case already, that one becomes the lead's.  Staff and keys follow; but no key
-- comes to work for an inspectorate or the national desk by this detour: it would be given oversight content.
create function agency_hand_on (gone int, heir int, person int, key uuid, base bigint) returns jsonb language plpgsql volatile as $$
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
    select a.principal_id, heir, a.role, a.named and naming_fault (person, heir) is null, a.deputy_of, person, a.until from appointment a where a.agency_id = gone and a.ended_at is null;
    get diagnostics staff = row_count;
    update appointment a set ended_at = statement_timestamp () where a.agency_id = gone and a.ended_at is null;
    insert into principal_agency select k.principal_id, heir from principal_agency k where k.agency_id = gone and not guarded on conflict do nothing;
    get diagnostics keys = row_count;
    delete from principal_agency where agency_id = gone;
    update principal set agency_id = heir where agency_id = gone;
    return jsonb_build_object ('cases', cardinality (own) + cardinality (shared), 'people', staff, 'keys', keys);
end $$;

revoke execute on function agency_hand_on, appointment_make, tree_changed, registry_changed, keys_expire from public;
grant execute on function agency_hand_on, appointment_make, tree_changed, registry_changed, keys_expire to aduan_store;

-- An alias of which staff set something right before it was merged has a row in `returned` aside, which holds nothing: it was
-- returned by it all the same when it was a complaint of its own again, the judgement of what is aside left it so, and nobody
-- decided any more.  As in 0026, but for that.
create or replace function complaint_part (id uuid, base bigint, actor int, key uuid, office int, note text)
returns bigint language plpgsql as $$
declare
    x merged;
    c complaint;
    m complaint;
    own uuid[];
    others boolean;
    held boolean;
    grown bigint;
begin
    select * into x from merged where complaint_id = id;
    if not found then
        perform raced ();
    end if;
    select * into m from complaint where complaint_id = x.main for update;
    select * into c from complaint where complaint_id = id for update;
    own := array (with recursive joined as (
                      select a.complaint_id from merged a where a.named = id
                      union
                      select a.complaint_id from merged a join joined j on a.named = j.complaint_id)
                  select complaint_id from joined order by complaint_id);
    delete from merged where complaint_id = id;
    update merged set main = id where complaint_id = any (own);
    others := exists (select from merged where main = x.main);
    update assignment set state = case when lead and x.was = 3 then 4 else 1 end, queued = not (lead and x.was = 3),
           version = greatest (version, base) + 1, leased_by = null, lease_until = null
    where complaint_id = id and agency = any (x.agencies);
    select version into grown from assignment where complaint_id = id and agency = office;
    update returned r set was = x.was where complaint_id = id returning not r.aside into held;
    held := coalesce (held, false);
    update complaint set state = case when held then 6 else x.was end, version = greatest (version, base) + 1, events = events + 1,
           flags = case when cardinality (own) > 0 then flags | 32 else flags end
    where complaint_id = id;
    update complaint set version = greatest (version, base) + 1, events = events + 1,
           flags = case when others then flags else flags & ~32 end
    where complaint_id = x.main;
    insert into event (complaint_id, at, act_key, version, principal, agency, kind, number, text, data) values
        (id, clock_timestamp (), key, grown, actor, office, 52, c.events + 1, note, jsonb_build_object ('other', number_text (m.number))),
        (x.main, clock_timestamp (), key, null, actor, office, 52, m.events + 1, note, jsonb_build_object ('other', number_text (c.number)));
    insert into notice (complaint_id, recipient, agency, event, template)
        select id, 0, c.holder, c.events + 1, 10 where c.flags & 16 <> 0
        union all
        select x.main, 0, m.holder, m.events + 1, 10 where m.flags & 16 <> 0 and not others;
    perform alias_moved (own, id, base, actor, key, office);
    return grown;
end $$;

-- As in 0035, but that words which may tell of misconduct are held in the history of such an alias, too.
create or replace function words_hold (id uuid, number int, state int, alias uuid) returns void language plpgsql as $$
begin
    insert into returned as r (complaint_id, event, since, words, newest, was)
    values (id, number, clock_timestamp (), number, number, state)
    on conflict (complaint_id) do update
        set words = coalesce (r.words, excluded.words), newest = excluded.newest, aside = false,
            event = case when r.aside then excluded.event else r.event end,
            was = case when r.aside or (r.was = 3 and excluded.was <> 6) then excluded.was else r.was end;
    if alias is not null then
        insert into returned as r (complaint_id, event, since, words, newest)
        select alias, n, clock_timestamp (), n, n from (select events + 1 as n from complaint where complaint_id = alias) c
        on conflict (complaint_id) do update
            set words = coalesce (r.words, excluded.words), newest = excluded.newest, aside = false,
                event = case when r.aside then excluded.event else r.event end, was = case when r.aside then null else r.was end;
    end if;
end $$;

-- What that, and the judgement of what was aside taking a hand-back's row away, have left: a router decides about them.  What
-- staff set right (23, 25) leaves a case where it was; a part that was split off (28) waits for its first holder.
update returned r set aside = false from complaint c where c.complaint_id = r.complaint_id and c.state = 6 and r.aside;
insert into returned (complaint_id, event, since, newest, was)
select c.complaint_id, e.number, now (), case when e.kind <> 19 then e.number end,
       case when e.kind in (23, 25)
            then case when h.asked > coalesce (h.completed, 0) then 3 when h.followed then 5 when c.due_first is not null then 4
                      when h.verified then 2 else 1 end end
from complaint c
join assignment a on a.complaint_id = c.complaint_id and a.agency = c.holder and a.bond <> 1
cross join lateral (select max (number) filter (where kind = 19) as handed, max (number) filter (where kind = 52) as parted,
                           max (number) filter (where kind in (23, 25, 28)) as read_again, max (number) filter (where kind = 18 and data ? 'from') as asked,
                           max (number) filter (where kind in (33, 37)) as completed,
                           coalesce (bool_or (kind in (16, 17) and not coalesce (data ? 'support', false)), false) as followed,
                           coalesce (bool_or (kind = 23), false) as verified
                    from event e where e.complaint_id = c.complaint_id) h
join event e on e.complaint_id = c.complaint_id and e.number = case when h.parted > coalesce (h.handed, 0) then h.read_again else h.handed end
where c.state = 6 and not exists (select from returned r where r.complaint_id = c.complaint_id);

-- Has something come since the complaint had that version, but notes (74), which overtake nobody's page?  Each note says the version
-- that it made.
create function complaint_overtaken (id uuid, wants bigint, has bigint) returns boolean language sql stable as $$
    select wants <> has
           and (wants > has or has - wants <> (select count (*) from event e where e.complaint_id = id and e.kind = 74 and (e.data ->> 'made')::bigint > wants))
$$;

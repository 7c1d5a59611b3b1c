-- Words of a reporter's that may tell of misconduct, said on a complaint that is no oversight yet: its holder, perhaps the
-- accused, gets them only when a router has decided that it stays what it is.  Until then the complaint is returned, with a row
-- in `returned`, as if it were handed back; its assignment is left as it is.  Of a complaint that is returned already its row
-- says that such words have come; of an alias, whose words are judged with its main complaint, the row waits for the case that
-- it becomes a complaint of its own again before that.
--
-- And the way back: an inspectorate says that there is no oversight content in a complaint.
--
-- Kind of an event, besides:  54 cleared: that word of the inspectorate's
alter table returned
    add words  smallint,                       -- number of the first such words: they and what is said behind them are held
    add newest smallint,                       -- of the last ones: a decision made before them is none
    add was    smallint;                       -- the complaint's state to go back to; null: handed back, too, or an alias
comment on column returned.event is 'number of the hand-back, or of the inspectorate''s word; where there is neither, of the first words';
comment on column event.kind is '1 placed, 2 handed over, 10 + enum act, 30 + enum kind or enum act from 20 on, 53 followed, 54 cleared';

-- The row as it is now, whatever the statement saw when it began: for who holds its complaint's row.
create function returned_was (id uuid) returns smallint language sql volatile as $$
    select was from returned where complaint_id = id
$$;
-- Words of this number are held until a router has decided; so are those in the history of the alias that they were said on,
-- whose next number is theirs.  `state`: what the complaint is without them.  A function, as those that hold nothing pay nothing
-- for it.
create function words_hold (id uuid, number int, state int, alias uuid) returns void language plpgsql as $$
begin
    insert into returned as r (complaint_id, event, since, words, newest, was)
    values (id, number, clock_timestamp (), number, number, state)
    on conflict (complaint_id) do update
        set words = coalesce (r.words, excluded.words), newest = excluded.newest,
            was = case when r.was = 3 and excluded.was <> 6 then excluded.was else r.was end;
    if alias is not null then
        insert into returned as r (complaint_id, event, since, words, newest)
        select alias, n, clock_timestamp (), n, n from (select events + 1 as n from complaint where complaint_id = alias) c
        on conflict (complaint_id) do update set newest = excluded.newest;
    end if;
end $$;
-- Nobody decides any more.  Words that nobody has judged stay held.
create function returned_end (id uuid) returns void language sql volatile as $$
    delete from returned where complaint_id = id and words is null
$$;

-- An alias whose words nobody has judged yet is returned for that when it is a complaint of its own again.  As in 0020, but
-- for that.
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
    update returned set was = x.was where complaint_id = id;
    held := found;
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

-- As in 0010; besides:
--   not_oversight  an inspectorate's word on a          wrong, says the inspectorate
--                  complaint it had by the filter
-- To be given a complaint as its arbiter says nothing of whose it is.
create or replace view example as
select e.complaint_id, min (e.at) as at, e.agency, a.function_id, case when bool_or (e.kind = 22) then 'closed' else 'answered' end as kind,
       true as positive, (array_agg (e.act_key order by e.kind desc, e.at))[1] as act_key
from event e
join assignment w on w.complaint_id = e.complaint_id and w.agency = e.agency and w.lead
join agency a on a.agency_id = e.agency
where e.kind in (17, 22)
group by e.complaint_id, e.agency, a.function_id
union all
select e.complaint_id, e.at, e.agency, a.function_id, case e.kind when 19 then 'handed_back' else 'not_oversight' end, false, e.act_key
from event e join agency a on a.agency_id = e.agency
where e.kind in (19, 54) and e.number is not null
union all
select e.complaint_id, e.at, e.agency, a.function_id, 'handed_over', true, e.act_key
from event e join agency a on a.agency_id = e.agency
where e.kind = 2 and e.data -> 'suggested' = e.data -> 'to' and not e.data ? 'arbiter'
union all
select e.complaint_id, e.at, a.agency_id, a.function_id, case when e.data ? 'binds' then 'ordered' else 'assigned' end, true, e.act_key
from event e join agency a on a.agency_id = (e.data ->> 'to')::int
where e.kind = 20
union all
select e.complaint_id, e.at, e.agency, a.function_id, 'passed_on', false, e.act_key
from event e join agency a on a.agency_id = e.agency
where e.kind = 20 and e.data -> 'to' <> to_jsonb (e.agency);

-- The opening of a sealed identity, in the database: docs/audit.md.  Of all roles aduan_identity alone gets at a sealed
-- identity, by these functions alone, and only behind the row that says so.
--
-- Whose box is opened for a complaint: its own, or of a part that was split off that of the complaint it came from.  A box names
-- its complaint and is never copied.
create function identity_case (complaint uuid) returns uuid language sql stable as $$
    with recursive way (id, depth) as (
        select identity_case.complaint, 0
        union all
        select (e.data ->> 'of')::uuid, w.depth + 1
        from way w join event e on e.complaint_id = w.id and e.kind = 28 and e.number = 1
        where e.data ? 'of' and w.depth < 16)
    select id from way order by depth desc limit 1
$$;

-- Why this request opens nothing, or null: it may.
create function identity_fault (ask bigint) returns text language sql stable security definer set search_path = public as $$
    select case when a.ask_id is null then 'no such request'
                when o.ask_id is not null then 'it was used already: each approval opens once'
                when b.ask_id is null then 'nobody has approved it'
                when b.principal = a.principal then 'it was approved by who asked: it takes two persons'
                when a.until <= statement_timestamp () then 'its time is over'
                when not identity_may (a.principal) then 'who asked for it may not any more'
                when not identity_may (b.principal) then 'who approved it may not any more'
                when t.seal is null then 'the complaint has no identity: it was given without, or erased' end
    from (select identity_fault.ask as id) i
    left join identity_ask a on a.ask_id = i.id
    left join identity_approval b on b.ask_id = a.ask_id
    left join identity_opening o on o.ask_id = a.ask_id
    left join content t on t.complaint_id = a.complaint_id
$$;

-- First: what is to be opened, and the row that says it is.  Committed before identity_box () gives anything.
create function identity_open (ask bigint, operator text, key_number int, out fault text, out complaint uuid, out adapter text, out asked_by text, out approved_by text, out reason text, out until timestamptz)
language plpgsql volatile security definer set search_path = public as $$
begin
    perform from identity_ask a where a.ask_id = ask for share;
    fault := identity_fault (ask);
    if fault is null then
        select case when t.seal_key is distinct from key_number then format ('it is sealed with key %s, not with %s', t.seal_key, key_number) end,
               a.complaint_id, p.name, x.name, y.name, a.reason, a.until
        into fault, complaint, adapter, asked_by, approved_by, reason, until
        from identity_ask a
        join identity_approval b on b.ask_id = a.ask_id
        join complaint c on c.complaint_id = a.complaint_id
        join content t on t.complaint_id = a.complaint_id
        join principal p on p.principal_id = c.adapter
        join person x on x.principal_id = a.principal
        join person y on y.principal_id = b.principal
        where a.ask_id = ask;
    end if;
    if fault is null then
        insert into identity_opening (ask_id, complaint_id, operator, key_id) values (ask, complaint, identity_open.operator, key_number);
    end if;
end $$;

-- Then: the box, to whoever has opened it in a transaction before, within five minutes of that.
create function identity_box (ask bigint) returns bytea language sql stable security definer set search_path = public as $$
    select t.seal
    from identity_opening o join content t on t.complaint_id = o.complaint_id
    where o.ask_id = identity_box.ask and o.at > statement_timestamp () - interval '5 minutes' and o.tx < txid_current ()
$$;
revoke execute on function identity_fault (bigint), identity_open (bigint, text, int), identity_box (bigint) from public;
grant execute on function identity_fault (bigint), identity_open (bigint, text, int), identity_box (bigint) to aduan_identity;

-- Which looks there were at a reporter's identity: his right to know (UU 27/2022).  Who is told by office and not by name.
create function identity_looks (complaint uuid) returns table (opened timestamptz, reason text) language sql stable security definer set search_path = public as $$
    select o.at, a.reason from identity_opening o join identity_ask a using (ask_id) where o.complaint_id = identity_looks.complaint order by o.at
$$;
revoke execute on function identity_looks (uuid) from public;
grant execute on function identity_looks (uuid) to aduan_store, aduan_query;

-- Nobody else reads a box: the store writes it, and never needs it again.
do $$
declare
    readable text;
begin
    select string_agg (quote_ident (attname), ', ') into readable
    from pg_attribute where attrelid = 'content'::regclass and attnum > 0 and not attisdropped and attname <> 'seal';
    revoke select on content from aduan_store;
    execute format ('grant select (%s) on content to aduan_store', readable);
end $$;

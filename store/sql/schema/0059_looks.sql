-- A person was leased a case: if it is secret or oversight he is about to read it, which goes down in the lease's own
-- transaction.  0, for a statement that calls it in passing: where no person pulls, nothing is written and no trigger fires.
create function look_pulled (complaint uuid, person int) returns int language sql volatile as $$
    insert into look (complaint_id, principal, what, reason, order_key)
    select c.complaint_id, person, 2, 'PULL', gen_random_uuid () from complaint c
    where c.complaint_id = look_pulled.complaint and c.flags & 6 <> 0;
    select 0
$$;

-- Are a complaint's words, and what was said on it, this session's to read now, as far as looks go?
create function looked_or_open (complaint uuid) returns boolean language sql stable security definer set search_path = public as $$
    select c.flags & 6 = 0 or session_looked (c.complaint_id) from complaint c where c.complaint_id = looked_or_open.complaint
$$;
-- Whoever reads by a session reads nothing secret or oversight without a look: a front orders `look` before it asks.
create policy looked on content as restrictive for select to aduan_desk using (looked_or_open (complaint_id));
create policy looked on event as restrictive for select to aduan_desk using (looked_or_open (complaint_id));

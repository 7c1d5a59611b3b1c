-- A person was leased a case: if it is secret or oversight he is about to read it, which goes down in the lease's own
-- transaction.  0, for a statement that calls it in passing: where no person pulls, nothing is written and no trigger fires.
create function look_pulled (complaint uuid, person int) returns int language sql volatile as $$
    insert into look (complaint_id, principal, what, reason, order_key)
    select c.complaint_id, person, 2, 'PULL', gen_random_uuid () from complaint c
    where c.complaint_id = look_pulled.complaint and c.flags & 6 <> 0;
    select 0
$$;

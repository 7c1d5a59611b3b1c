-- What the reader has said of where he is written to, but the address: that nobody here can read.
create function contact_own () returns table (since boolean, notices smallint, "from" smallint, "to" smallint) language sql stable security definer rows 1
set search_path = public as $$
    select p.principal_id is not null, coalesce (p.notices, 2::smallint), coalesce (p.hour_from, 7::smallint), coalesce (p.hour_to, 17::smallint)
    from (select session_reader () as who) r left join person_contact p on p.principal_id = r.who
    where r.who is not null
$$;
revoke execute on function contact_own from public;
grant execute on function contact_own to aduan_desk, aduan_query;

-- Reports that somebody types for who reports - at a counter, from a letter, on the telephone: docs/channels.md, "Moving in and out;
-- walk-ins and letters".

-- Who typed it: the order `typed` stands under the number that the report has as `external`, "desk:" and 32 digits; null: nobody did.
-- For who reads the report, which names him to colleagues whom row-level security does not show the order itself.
create function typed_by (external text) returns text language sql stable strict security definer set search_path = public as $$
    select p.name
    from change c join person p on p.principal_id = c.principal_id
    where typed_by.external like 'desk:%' and c.subject = typed_by.external and c.name = 'typed'
    order by c.change_id limit 1
$$;
grant execute on function typed_by (text) to aduan_desk;

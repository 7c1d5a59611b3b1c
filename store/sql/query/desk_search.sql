-- The newest complaints with these words that the reader may read; one row more than `how many` says that there is more.
--   $1 words  $2 complaint_id before which it goes on, empty: from the newest  $3 how many
select coalesce (json_agg (row_to_json (r) order by r.at), '[]')::text
from (
    select f.at, c.complaint_id as id, number_text (c.number) as number, c.received, c.state, c.class, c.flags & 2 <> 0 as secret,
           c.flags & 6 <> 0 and case_until (c.complaint_id) is not null and not session_looked (c.complaint_id) as unlooked,
           h.code as holder, h.name as holder_name, p.name as place, desk_title (coalesce (t.title_edited, t.title), coalesce (t.body_edited, t.body)) as title,
           case when not starts_with (coalesce (t.body_edited, t.body), coalesce (t.title_edited, t.title))
                then left (coalesce (t.body_edited, t.body), 160) end as words
    from desk_search ($1::text, nullif ($2::text, '')::uuid, $3::int + 1) f
    join complaint c on c.complaint_id = f.complaint_id
    left join content t on t.complaint_id = f.complaint_id
    left join agency h on h.agency_id = c.holder
    left join region p on p.code = c.region
) r

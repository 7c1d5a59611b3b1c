-- The newest complaints that are as they are asked for and that the reader may read; one row more than `how many` says that there is
-- more.  A last row with `rest` says that what is older than its `rest_at` was not looked at; with its id one goes on.
--   $1 words, or a tracking number  $2 an agency's code, with all below it  $3 open, ended or a state's number  $4 category's number
--   $5 received on this day or later  $6 or earlier  $7 hours east of UTC of these days  $8 not empty: late ones alone
--   $9 complaint_id before which it goes on, empty: from the newest  $10 how many; what is empty may be anything
select coalesce (json_agg (row_to_json (r) order by r.at), '[]')::text
from (
    select f.at, f.complaint_id as id, f.rest,
           case when f.rest then to_timestamp (('x' || left (replace (f.complaint_id::text, '-', ''), 12))::bit (48)::bigint / 1000.0) end as rest_at,
           number_text (c.number) as number, c.received, c.state, c.class, c.flags & 2 <> 0 as secret,
           c.flags & 6 <> 0 and case_until (c.complaint_id) is not null and not session_looked (c.complaint_id) as unlooked,
           h.code as holder, h.name as holder_name, p.name as place, desk_title (coalesce (t.title_edited, t.title), coalesce (t.body_edited, t.body)) as title,
           case when not starts_with (coalesce (t.body_edited, t.body), coalesce (t.title_edited, t.title))
                then left (coalesce (t.body_edited, t.body), 160) end as words
    from desk_search ($1::text, $2::text, $3::text, nullif ($4::text, '')::int,
                      (nullif ($5::text, '')::date::timestamp - make_interval (hours => $7::int)) at time zone 'UTC',
                      (nullif ($6::text, '')::date + 1 - make_interval (hours => $7::int)) at time zone 'UTC',
                      $8::text <> '', nullif ($9::text, '')::uuid, $10::int + 1) f
    left join complaint c on c.complaint_id = f.complaint_id and not f.rest
    left join content t on t.complaint_id = c.complaint_id
    left join agency h on h.agency_id = c.holder
    left join region p on p.code = c.region
) r

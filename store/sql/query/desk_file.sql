-- Does a complaint that the reader may read as it stands now, or something said on it, have this attachment?  Then one row.  Who has had it
-- reads what was said till it left him, and opens no file any more.  Of a secret one only within
-- the quarter of an hour of a look (its page is one).  What came with words that are held (desk_history.sql) is held, too.
--   $1 tracking number  $2 digest in hex
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select number_text (c.number) as number
    from complaint c
    join content t on t.complaint_id = c.complaint_id
    left join returned y on y.complaint_id = c.complaint_id
    where c.number = number_bits ($1::text) and length ($2::text) = 64
      and case_until (c.complaint_id) = 'infinity'
      and (strpos (encode (t.attachments, 'hex'), $2::text) % 64 = 1
           or exists (select from event e
                      where e.complaint_id = c.complaint_id and not event_held (e.kind, e.number, y.words) and strpos (e.data ->> 'attachments', $2::text) % 64 = 1))
) r

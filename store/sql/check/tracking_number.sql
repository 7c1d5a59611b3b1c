-- The tracking number is the id's last 60 bits.
select complaint_id, number from complaint
where number <> (('x' || right (replace (complaint_id::text, '-', ''), 15))::bit (60)::bigint)

-- A complaint of which nothing can be written is looked at again in an hour.
--   $1 complaint
with skipped as (
    delete from wake where complaint_id = $1::uuid and at <= clock_timestamp () returning complaint_id
)
insert into wake select distinct clock_timestamp () + interval '1 hour', complaint_id from skipped on conflict do nothing

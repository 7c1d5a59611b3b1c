-- The second round of a recomputation, when its time has come: complaints that were placed by the old calendar while it changed.
with due as (
    update recompute_round set last = null where last <= clock_timestamp () returning 1
)
insert into recompute (complaint_id, again) select distinct complaint_id, true from wake where exists (select from due) on conflict do nothing

-- The last migration that was done.  What knows it is made here: the first migration needs it.
create table if not exists migration (number int primary key, name text not null, at timestamptz not null default now());
select coalesce (max (number), 0) from migration

-- Days (since 1970) and years of the file, on their way into the newest version.
create temp table new_days (at int, kind text, scope text, name text) on commit drop;
create temp table new_years (year smallint, verified boolean) on commit drop

-- Days and years of the file are those of the newest version.
insert into calendar_day select calendar_now (), date '1970-01-01' + at, kind, scope, name from new_days;
insert into calendar_year select calendar_now (), year, verified from new_years

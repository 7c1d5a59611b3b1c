-- The calendar in force, as its file, and its version.
select calendar_version, calendar_text (calendar_version) as text from calendar where calendar_version = calendar_now ()

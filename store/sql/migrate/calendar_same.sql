-- Does the newest version say what the one before it says?
select (calendar_text (calendar_now ()) = calendar_text (calendar_now () - 1) and calendar_now () > 1)::int

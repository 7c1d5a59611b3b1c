-- The newest version counts from this transaction on, when its working days have their numbers: the version, and its days off.
select calendar_number (calendar_now ());
select calendar_now (), count (*) from day_off

-- An act that is given again with its key is answered as the first time, where it says the same.

-- Does the event say what is said now?  `what`: of its data what the act said and did not find out, null where it said nothing.
create function act_says (e event, said text, what jsonb) returns boolean language sql stable as $$
    select e.text is not distinct from said
       and not exists (select from jsonb_each (what) w where e.data -> w.key is distinct from nullif (w.value, 'null'))
$$;

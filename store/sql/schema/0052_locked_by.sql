-- Who locked somebody: one below him does not undo it.
alter table person add locked_by int;

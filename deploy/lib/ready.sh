# ready.sh - does what is up work, too: is the database reached, is the newest snapshot in force, do the doors answer?
# Sourced by deploy/up; uses its aduan, setting, psql_as_super, is_up, die, $daemons, $data and $settings.

# knock_intake SECONDS, knock_router SECONDS: through the door with the command's own key, for what is refused and leaves
# nothing behind: a complaint from the year 2100, an act on a case that does not exist.
knock_intake() { aduan submit --text deploy/up --created 2100-01-01T00:00:00Z --wait "$1"; }
knock_router() { aduan act 00000000-0000-0000-0000-000000000000 --agency '#1' --version 1 --wait "$1" release; }

# knock DOOR SECONDS: nothing where it answers; else what the command says.  Status 1: no answer; 2: no settings to go by.
knock() {
  local said status=0
  said=$("knock_$1" "$2" 2>&1) || status=$?
  case $status in
    69) printf '%s\n' "$said"; return 1 ;; # never sent; where it was sent and waits, the door is there
    78) printf '%s\n' "$said"; return 2 ;;
  esac
}

# check_command: the command's own check of its section; a door that is not up yet is no fault.
check_command() {
  local door said status
  for door in intake router; do
    status=0; said=$(knock "$door" 1) || status=$?
    [ $status != 2 ] || { printf '%s\n' "$said"; return 1; }
  done
}

# troubles PROGRAM: the last ones of its log.
troubles() { grep -E ' (error|warning): ' "$data/log/$1/current" 2>/dev/null | tail -5 || true; }

newest() { psql_as_super -d aduan -c "select version from snapshot where kind = $([ "$1" = principals ] && echo 1 || echo 2)"; }
# in_force PROGRAM KIND: a program writes the file when it has taken the snapshot into use
in_force() {
  local version=
  { read -r _ version _ <"$(setting "$1" data)/snapshots/$1/$2.snapshot"; } 2>/dev/null || true
  [ -n "$version" ] && [ "$version" = "$(newest "$2")" ]
}

# first_fault: "PROGRAM what is wrong" of the first thing that does not work; nothing where all does.
first_fault() {
  local name
  for name in $daemons; do is_up "$name" || { echo "$name has ended"; return 0; }; done
  aduan show store 2>/dev/null | grep '^aduan_store_database_up 1$' >/dev/null || { echo "store has not got its database (store.database)"; return 0; }
  in_force router principals || { echo "router has not got the newest principals in force"; return 0; }
  in_force router registry || { echo "router has not got the newest registry in force"; return 0; }
  in_force intake principals || { echo "intake has not got the newest principals in force"; return 0; }
  aduan show query queries 2>/dev/null | grep '^connection desk 1 up' >/dev/null || { echo "query has not got its database for people (query.desk)"; return 0; }
  aduan ask counts --json >/dev/null 2>&1 || { echo "query does not answer (query.database)"; return 0; }
}

# key_listed NAME: may the command's standard key enter at all?
key_listed() { grep -qP "^$1\t.*\tactive$" "$data/principals.tsv"; }

# await_ready SECONDS: all of it works, or why not.
await_ready() {
  local end=$((SECONDS + $1)) fault door key said
  while fault=$(first_fault) && [ -n "$fault" ]; do
    [ $SECONDS -lt $end ] || { troubles "${fault%% *}"; die "$fault: mend what these lines say and run deploy/up again; all of them: $data/log/${fault%% *}/current"; }
    sleep 0.2
  done
  for door in intake router; do
    key=desk; [ "$door" = router ] || key=cli
    key_listed $key || continue
    said=$(knock "$door" 10) || { printf '%s\n' "$said"; die "the command does not get in at the door that aduan.$door in $settings names: mend it and run deploy/up again"; }
  done
  echo "database, principals, registry and doors are in order"
}

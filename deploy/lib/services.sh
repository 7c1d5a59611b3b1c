# services.sh - programs under s6: a folder for each below $service, brought up, brought up to date, ended.
# Sourced by deploy/up; uses its $service, $data, folder and die.

# put MODE PATH: standard input becomes the file, which is left untouched where it is that already.
put() {
  local mode=$1 path=$2
  cat >"$path.new" && chmod "$mode" "$path.new" || die "$path: cannot be written"
  if cmp -s "$path.new" "$path"; then rm "$path.new"; else mv "$path.new" "$path"; fi
}

supervised() { [ -p "$service/.s6-svscan/control" ] && s6-svscanctl -z "$service" 2>/dev/null; }
is_up() { s6-svok "$service/$1" 2>/dev/null && [ "$(s6-svstat -o up "$service/$1")" = true ]; }

declare -A wanted binary
# define NAME USER SIGNAL SECONDS COMMAND WHAT_IT_READS [CHECK]: what a service should be.  It is outdated when its
# command, WHAT_IT_READS (a text: its settings) or its program differs from what it was started with.  A
# program that cannot say itself that it is ready is asked by CHECK until that succeeds.
define() {
  local name=$1 as=$2 signal=$3 seconds=$4 command=$5 reads=$6 check=${7:-} place=$service/$1 notify= stamp= word
  [ "$(id -u)" = 0 ] && as="s6-setuidgid $as " || as=
  mkdir -p "$place/log" "$place/data"
  if [ -n "$check" ]; then
    notify="s6-notifyoncheck -n 0 -w 200 -t 2000 "
    printf '#!/bin/sh\nexec %s >/dev/null 2>&1\n' "$check" | put 0755 "$place/data/check"
  else
    # status 78: a setting is wrong or a key is missing, and trying again mends neither
    printf '#!/bin/sh\n[ "$1" != 78 ] || exit 125\n' | put 0755 "$place/finish"
  fi
  printf '#!/bin/sh\nexec 2>&1\nexec %s%s%s\n' "$notify" "$as" "$command" | put 0755 "$place/run"
  printf '3\n' | put 0644 "$place/notification-fd"
  printf '%s\n' "$signal" | put 0644 "$place/down-signal"
  printf '%d\n' $((seconds * 1000)) | put 0644 "$place/timeout-kill"
  # our own programs put the time into their lines themselves
  case $command in *aduan-*) ;; *) stamp="T " ;; esac
  printf '#!/bin/sh\nexec %ss6-log -b n10 s1000000 %s%s\n' "$as" "$stamp" "$data/log/$name" | put 0755 "$place/log/run"
  wanted[$name]=$(cat "$place/run"; printf '%s\n' "$reads")
  for word in $command; do case $word in */env | [A-Z]*=*) ;; *) break ;; esac; done
  binary[$name]=$(command -v "$word")
}

outdated() {
  local pid
  pid=$(s6-svstat -o pid "$service/$1")
  [ "${wanted[$1]}" != "$(cat "$service/$1/data/started-with" 2>/dev/null)" ] || ! [ "/proc/$pid/exe" -ef "${binary[$1]}" ]
}

# supervise NAME...: the supervisor runs and knows them.  It and all below it get a clean environment.
supervise() {
  local name
  if ! supervised; then
    end_orphans
    # what is not yet set up must not be started by the supervisor
    for name in "$@"; do touch "$service/$name/down"; done
    (cd "$service" && umask 027 &&
      exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 setsid nohup s6-svscan -t 0 "$service" </dev/null >>"$data/log/s6" 2>&1 9>&- &)
    for _ in $(seq 100); do supervised && break; sleep 0.1; done
    supervised || die "the supervisor does not start; see $data/log/s6"
  fi
  s6-svscanctl -a "$service"
  for name in "$@"; do
    for _ in $(seq 100); do s6-svok "$service/$name" && break; sleep 0.1; done
    s6-svok "$service/$name" || die "the supervisor does not take up $service/$name; see $data/log/s6"
  done
}

# bring_up NAME [SECONDS]: up, ready, and as it should be; else the end of its log.
bring_up() {
  local name=$1 seconds=${2:-60} place=$service/$1 word=
  if is_up "$name" && outdated "$name"; then
    s6-svc -wD -T 60000 -d "$place" || die "$name does not stop; see $data/log/$name/current"
    word=", restarted"
  fi
  printf '%s\n' "${wanted[$name]}" | put 0600 "$place/data/started-with"
  rm -f "$place/down"
  s6-svc -u "$place"
  s6-svwait -U -t $((seconds * 1000)) "$place" || {
    tail -15 "$data/log/$name/current" 2>/dev/null
    die "$name did not come up: mend what its last lines say and run deploy/up again; all of them: $data/log/$name/current"
  }
  echo "$name is ready$word"
}

# bring_down NAME...: each is told, then each is waited for.
bring_down() {
  local name
  for name in "$@"; do ! s6-svok "$service/$name" 2>/dev/null || s6-svc -d "$service/$name"; done
  for name in "$@"; do ! s6-svok "$service/$name" 2>/dev/null || s6-svwait -D -t 60000 "$service/$name" || die "$name does not stop"; done
}

# Daemons first, so that each can finish with what it stands on still there; then their ground.
bring_all_down() {
  bring_down web desk intake router notifier query
  bring_down store
  bring_down mailbox redis postgres
}

any_supervised() {
  local place
  for place in "$service"/*/ "$service"/*/log/; do ! s6-svok "$place" 2>/dev/null || return 0; done
  return 1
}

# What a supervisor that was killed has left behind: programs that nobody would restart.
end_orphans() {
  any_supervised || return 0
  echo "the supervisor was killed; what it left behind is stopped first"
  bring_all_down
  local place
  for place in "$service"/*/ "$service"/*/log/; do ! s6-svok "$place" 2>/dev/null || s6-svc -x "$place"; done
  for _ in $(seq 300); do any_supervised || return 0; sleep 0.1; done
  die "what the killed supervisor left behind has not ended within 30 s: $service"
}

stop_all() {
  if ! supervised; then
    any_supervised || { echo "nothing runs in $service"; return 0; }
    end_orphans; echo "stopped"; return 0
  fi
  bring_all_down
  s6-svscanctl -t "$service"
  for _ in $(seq 300); do supervised || any_supervised || { echo "stopped"; return 0; }; sleep 0.1; done
  die "the supervisor of $service has not ended within 30 s"
}

# example.sh - one complaint from its submission to the letter that tells of the answer, each step shown.
# Sourced by deploy/up; uses its aduan, $data, say, own and die.  Made once, on an installation that holds
# nothing yet: an answer of ours must never meet a citizen's complaint.

example=$data/example.json # of the example that is over
agency=33.74/PUPR

# field NAME: of the JSON object, or of the first of the array, on standard input
field() { "$python" -c 'import json, sys
said = json.load(sys.stdin)
print((said[0] if isinstance(said, list) else said)[sys.argv[1]])' "$1"; }

# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
  local end=$((SECONDS + $1)); shift
  until "$@"; do [ $SECONDS -lt $end ] || return 1; sleep 0.2; done
}

answered() { aduan track "$number" --json 2>/dev/null | grep -q '"kind": *"answer"'; }
stored() { aduan track "$number" >/dev/null 2>&1; }
mailbox_used() { [ -d "$service/mailbox" ] && [ ! -e "$service/mailbox/down" ]; }
told_twice() {
  letters=$(grep -l "^Subject: .*$number" "$data"/mail/*.eml 2>/dev/null) && [ "$(wc -l <<<"$letters")" -ge 2 ]
}

# One token for however many tries: key and access code come from it, so a repeat is the same complaint.
submit_example() {
  local said token created
  if [ ! -e "$data/example.token" ]; then
    [ "$(aduan ask counts --json | field complaints)" = 0 ] || return 1
    printf '%s %s\n' "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" "$(date -u +%FT%TZ)" | put 0600 "$data/example.token"
  fi
  read -r token created <"$data/example.token"
  said=$(aduan submit --json --token "$token" --created "$created" --category 13 --place 33.74.01.1001 \
    --title "Contoh: jalan berlubang" --text "Contoh dari deploy/up: jalan di depan pasar berlubang dan gelap pada malam hari." \
    --secret=no --anonymous=no --channel web --language id --contact-email pelapor@example.org) || die "the example was not accepted"
  number=$(field number <<<"$said")
  echo "accepted, and on disk: $number"
  wait_for 30 stored || die "$number was accepted and is not stored; see $data/log/store/current"
  aduan track "$number"
}

answer_example() {
  local case id version
  # a run that was killed here has left it leased: it is offered again when that lease is over
  case=$(aduan work --agency $agency --count 1 --lease 20 --wait 60 --json) || die "$agency got no work; see $data/log/router/current"
  id=$(field id <<<"$case") version=$(field version <<<"$case")
  if [ "$(field number <<<"$case")" != "$number" ]; then
    aduan act "$id" --agency $agency --version "$version" release
    echo "$agency has other work in front: the example stays in its queue"
    return 1
  fi
  echo "pulled: $number, leased to $agency for $(($(field lease_left_ms <<<"$case") / 1000)) s"
  aduan act "$number" --agency $agency --version "$version" answer --text "Terima kasih. Lubang sudah kami tambal dan lampu jalan sudah menyala." ||
    die "the answer was not taken, see above"
}

show_example() {
  if [ -e "$example" ]; then
    say "the example of the first run"
    number=$(field number <"$example")
    aduan track "$number"
    return 0
  fi
  say "an example: a reporter complains about a street in Semarang"
  submit_example || { echo "there are complaints already: none is made up beside them"; return 0; }
  say "the unit whose duty it is pulls it and answers"
  answered || answer_example || return 0
  aduan track "$number"
  if mailbox_used; then
    say "and the reporter is told (letters are kept in $data/mail)"
    wait_for 30 told_twice || die "no letters in $data/mail; see $data/log/notifier/current"
    grep -h '^Subject: ' $letters
  fi
  printf '{"number": "%s"}\n' "$number" | put 0600 "$example"
  rm -f "$data/example.token"
}

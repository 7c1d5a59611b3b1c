# room.sh - is there room on the disk for what a first run makes?
# Sourced by deploy/up.

# lacking_room FOLDER WHOLE LEAST: "FREE NEEDED" in MB where less is free than is needed, else nothing.  Of WHOLE, what a
# run that was interrupted has made in FOLDER already is not needed again; but LEAST is, to go on with.
lacking_room() {
  local free used needed
  free=$(df --output=avail -BM "$1" | tail -1 | tr -dc 0-9)
  used=$(du -xsm "$1" 2>/dev/null | cut -f1) || true # files come and go below it
  needed=$(($2 - ${used:-0}))
  [ "$needed" -ge "$3" ] || needed=$3
  [ "$free" -ge "$needed" ] || echo "$free $needed"
}

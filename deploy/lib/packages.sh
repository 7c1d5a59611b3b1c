# packages.sh - installs Debian packages named in lists, one a line; what is there already is left alone.
# Sourced by deploy/up and the test commands.

# missing_packages LIST...: the names, blanks between
missing_packages() {
  local name missing=()
  for name in $(grep -hv '^#' "$@" | sort -u); do
    # a Node.js that did not come from Debian brings its own npm, and will not have Debian's beside it
    [ "$name" = npm ] && command -v npm >/dev/null && continue
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
  done
  echo ${missing[@]+"${missing[@]}"}
}

# install_packages LIST...: 0, or apt's status.
install_packages() {
  local missing name unit policy=/usr/sbin/policy-rc.d
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  # Debian starts a cluster, a Redis, an nginx and a Prometheus of its own when their packages come in; nobody here wants them
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] ||
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  for name in redis-server nginx-light prometheus; do
    unit=/etc/systemd/system/${name%-light}.service
    if [[ " $missing " == *" $name "* ]] && [ ! -e "$unit" ] && [ ! -L "$unit" ]; then
      mkdir -p /etc/systemd/system && ln -s /dev/null "$unit"
    fi
  done
  # a fresh machine may still be installing its own updates: wait for it
  local apt=(apt-get -qq -o DPkg::Lock::Timeout=300)
  # without systemd it is this file that is asked what may be started
  [ -e $policy ] && policy= || { printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy; }
  # shellcheck disable=SC2086 # one argument a name
  "${apt[@]}" update && DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends $missing >/dev/null
  local status=$?
  [ -z "$policy" ] || rm -f "$policy"
  return $status
}

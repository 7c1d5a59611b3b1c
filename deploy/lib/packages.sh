# packages.sh - installs Debian packages named in lists, one a line; what is there already is left alone.
# Sourced by deploy/up and tests/check.

# install_packages LIST...: 0, or apt's status.
install_packages() {
  local wanted missing=() name
  wanted=$(grep -hv '^#' "$@" | sort -u)
  for name in $wanted; do
    # a Node.js that did not come from Debian brings its own npm, and will not have Debian's beside it
    [ "$name" = npm ] && command -v npm >/dev/null && continue
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
  done
  [ "${#missing[@]}" = 0 ] && return 0
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] ||
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  # a fresh machine may still be installing its own updates: wait for it
  local apt=(apt-get -qq -o DPkg::Lock::Timeout=300)
  "${apt[@]}" update && DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null
}

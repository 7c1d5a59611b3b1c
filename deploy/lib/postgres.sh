# postgres.sh - the installation's own PostgreSQL 15: a cluster with checksums on a unix socket, its roles, what is in it.
# Sourced by deploy/up; uses its $data, $run, $user, $db_user, $programs, as_db, folder, put and die.

post=/usr/lib/postgresql/15/bin
cluster=$data/pg

# A quarter of the machine's memory, in MB.
buffers() { awk '/^MemTotal:/ { mb = int ($2 / 4096); print (mb < 128 ? 128 : mb > 4096 ? 4096 : mb) }' /proc/meminfo; }

# A WAL file that must be made first costs its commit tens of milliseconds: min_wal_size keeps old ones for it.
cluster_settings() {
  cat <<CONF
listen_addresses = ''
unix_socket_permissions = 0770
max_connections = 40
shared_buffers = $(buffers)MB
min_wal_size = 512MB
max_wal_size = 2GB
checkpoint_timeout = 15min
autovacuum_naptime = 5s
idle_in_transaction_session_timeout = 5s
log_line_prefix = '%u '
# a statement's text would carry reporters' words into the log
log_min_error_statement = panic
log_parameter_max_length_on_error = 0
CONF
}

# Who the kernel says one is decides: the store's user may write and read by its two roles and is never a
# superuser; that, changing the schema, verifying the audit and opening an identity are for whoever sets up.
identities() {
  printf 'aduan %s %s\n' "$user" aduan_store "$user" aduan_query "$user" aduan_desk "$user" aduan_web \
    "$admin" super "$admin" aduan_migrate "$admin" aduan_audit "$admin" aduan_identity
}

# Made beside its place and moved there when it is whole, so that half of one is never taken for a cluster.
make_cluster() {
  if [ ! -e "$cluster/PG_VERSION" ]; then
    rm -rf "$cluster.new"
    folder "$db_user" 0700 "$cluster.new"
    as_db "$post/initdb" -D "$cluster.new" -U super -A peer -E UTF8 --locale=C --data-checksums >"$data/log/initdb" 2>&1 ||
      { tail -5 "$data/log/initdb"; die "initdb failed; $data/log/initdb"; }
    cluster_settings >>"$cluster.new/postgresql.conf"
    printf 'local all all peer map=aduan\n' >"$cluster.new/pg_hba.conf"
    identities >"$cluster.new/pg_ident.conf"
    sync "$cluster.new"/*.conf "$cluster.new"
    mv "$cluster.new" "$cluster"
  fi
  identities_changed=
  if ! identities | cmp -s - "$cluster/pg_ident.conf"; then
    identities | as_db tee "$cluster/pg_ident.conf.new" >/dev/null
    as_db mv "$cluster/pg_ident.conf.new" "$cluster/pg_ident.conf"
    identities_changed=1
  fi
  [ "$(cat "$cluster/PG_VERSION")" = 15 ] || die "$cluster is of PostgreSQL $(cat "$cluster/PG_VERSION"), this is made for 15"
}

# Roles that came with a later version than the cluster.
know_identities() {
  local line new=
  while read -r line; do grep -qxF "$line" "$cluster/pg_ident.conf" || { printf '%s\n' "$line" >>"$cluster/pg_ident.conf"; new=1; }; done < <(identities)
  [ -z "$new" ] || ! is_up postgres || as_db "$post/pg_ctl" -D "$cluster" -s reload
}

# A lock file of a server that was killed names a process number that may by now be another program's,
# which PostgreSQL would take for a rival and wait for in vain.
drop_stale_lock() {
  local pid=
  ! is_up postgres || return 0
  [ -e "$cluster/postmaster.pid" ] || return 0
  read -r pid <"$cluster/postmaster.pid" || true
  # a server works in its cluster's folder
  [[ $pid =~ ^[0-9]+$ ]] && [ "$(readlink "/proc/$pid/cwd")" = "$cluster" ] && return 0
  echo "$cluster/postmaster.pid is left from a server that was killed; removed"
  rm -f "$cluster/postmaster.pid" "$run/pg/.s.PGSQL.5432.lock"
}

psql_as_super() { (cd / && "$post/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$run/pg" -U super "$@"); }
migrate() { "$programs/aduan-migrate" -d "host=$run/pg dbname=aduan user=aduan_migrate" "$@" || die "aduan-migrate $* failed"; }

# people_said: how to come in, where nobody can yet.
people_said() {
  local database=
  [ "$data" = /var/lib/aduan ] || database="-d 'host=$run/pg dbname=aduan user=aduan_migrate' "
  if [ "$(psql_as_super -d aduan -c 'select count (*) from person where password is not null')" = 0 ]; then
    echo "nobody yet: $programs/aduan-migrate ${database}invite LOGIN NAME prints the first coordinator's token, aduan admin accept TOKEN takes it"
  else
    echo "aduan admin login LOGIN (docs/administration.md)"
  fi
}

set_up_database() {
  [ -z "$identities_changed" ] || psql_as_super -d postgres -c "select pg_reload_conf()" >/dev/null || die "PostgreSQL does not read pg_ident.conf again"
  [ "$(psql_as_super -d postgres -c "select 1 from pg_database where datname = 'aduan'")" = 1 ] ||
    psql_as_super -d postgres -c "create database aduan" || die "the database aduan cannot be made"
  psql_as_super -d aduan <deploy/roles.sql || die "deploy/roles.sql failed"
  migrate schema
  "$python" deploy/registry/build "$data/registry" || die "the registry cannot be made, see above"
  migrate registry "$data/registry"
  migrate calendar deploy/calendar/days_off.tsv --shipped --note shipped
  migrate principals "$data/principals.tsv"
  [ ! -f "$data/rules.yaml" ] || migrate rules "$data/rules.yaml"
}

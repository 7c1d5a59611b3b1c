# settings.sh - the settings with which an installation begins.
# Sourced by deploy/up; uses its $programs, $settings, $run, $data and $base.

# first_settings: prints them.
first_settings() {
  cat <<YAML
# Settings of this installation.  Every program reads this file; what is not here has its standard value
# ($programs/aduan-PROGRAM -c $settings -n prints them all).  deploy/up makes it once and never changes it.
# After a change: deploy/up, which checks it and restarts the programs that it touches.
run: $run
data: $data
intake:
  door: tcp://127.0.0.1:$((base + 2))
router:
  door: tcp://127.0.0.1:$((base + 3))
store:
  database: host=$run/pg dbname=aduan user=aduan_store
query:
  database: host=$run/pg dbname=aduan user=aduan_query
  desk: host=$run/pg dbname=aduan user=aduan_desk
desk:
  # plain HTTP for this machine alone; from outside through a proxy with TLS, and then tls: true (docs/desk.md)
  door: tcp://127.0.0.1:$((base + 1))
  router: tcp://127.0.0.1:$((base + 3))
  intake: tcp://127.0.0.1:$((base + 2))
  metrics:
    door: tcp://127.0.0.1:$((base + 1000)) # Prometheus fetches /metrics there (docs/operators.md)
web:
  # plain HTTP for this machine alone; the public comes through a proxy with TLS (docs/examples/nginx-web.conf; docs/channels.md, "The
  # proxy before the public door"), and then:
  #   tls: true
  #   origin: https://lapor.example.go.id
  door: tcp://127.0.0.1:$base
  intake: tcp://127.0.0.1:$((base + 2))
  redis: unix:$run/redis.sock
notifier:
  # what letters and messages name: the public's address of the page on which a report is followed, as https://lapor.example.go.id/t/,
  # and the desk's; from this machine alone, until there is a proxy
  tracking: http://127.0.0.1:$base/t/
  desk: http://127.0.0.1:$((base + 1))/
  redis: unix:$run/redis.sock
  smtp:
    # This address is a mailbox on this machine for trying out: letters are kept in $data/mail and go
    # nowhere.  A real gateway, for example:
    #   url: smtp://mail.example.go.id:587
    #   tls: all                       # none, try or all (required)
    #   user: aduan
    #   password: keys/smtp.password   # path of a file of mode 0600 with the password
    #   from: aduan@example.go.id
    url: smtp://127.0.0.1:$((base + 9))
aduan:
  intake: tcp://127.0.0.1:$((base + 2))
  router: tcp://127.0.0.1:$((base + 3))
YAML
}

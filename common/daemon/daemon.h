/* daemon.h - the life of every program: main() is a table and a call.
 *
 * daemon_main(): options (-c file, -n check settings and exit, -o key=value, -v, -V) -> block
 * signals, ignore SIGPIPE -> log -> settings -> ZeroMQ context -> reactor with a signalfd -> start ->
 * control socket -> READY=1 (sd_notify) and, with -d N, a newline on descriptor N (s6) -> turns ->
 * drain under a deadline -> stop -> exit status.  Always in the foreground.
 *
 *   STARTING -> RUNNING -> DRAINING -> STOPPED; a second SIGTERM leaves at once.
 *
 * SIGHUP: settings are read and checked anew, then reload() is called, or the old ones are kept and
 * one line says why.  A turn over turn_limit_ms aborts the process.
 *
 * Exit status (sysexits.h): 0; 64 usage; 69 something needed is not there; 70 our own bug;
 * 74 the spool's disk failed; 78 a setting is wrong.
 *
 * The control socket ipc://<run>/<name>.ctl answers `show`: "metrics", "settings", "links" and the
 * program's own pages.
 */
#ifndef ADUAN_DAEMON_H
#define ADUAN_DAEMON_H

#include "base/base.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metric.h"
#include "daemon/door.h"
#include "daemon/link.h"
#include "daemon/parcel.h"
#include "daemon/reactor.h"
#include "daemon/settings.h"
#include "daemon/snapshot.h"
#include "wire/wire.h"

struct daemon {
    const char *name;               /* "intake": settings section, log, control socket */
    const struct setting *settings; /* rows of its own; daemon_main adds `run`, `data`, `log` */
    size_t settings_len;
    int64_t turn_limit_ms; /* 0: 5000 */
    int64_t drain_ms;      /* how long drain may take; 0: 10000 */

    /* What the table of settings cannot say; false after settings_refuse.  May be NULL. */
    bool (*settings_right) (const struct settings *settings);
    /* Opens everything.  0 and *ret_state, or an exit status after one clear log line. */
    int (*start) (struct reactor *reactor, const struct settings *settings, void **ret_state);
    void (*durable) (void *state); /* turn end, first */
    void (*answer) (void *state);  /* turn end, second: what has become durable is acknowledged */
    void (*reload) (void *state, const struct settings *settings);
    bool (*drain) (void *state); /* take nothing new; true when nothing is left; asked each turn */
    void (*stop) (void **state); /* frees everything: leak checkers are exact */
    void (*measure) (void *state); /* sets the gauges; called before the page metrics is shown */
    /* Appends the page `what`; false where the program has no such page. */
    bool (*show) (void *state, const char *what, struct buffer *out);
};

/* Rows that every program has beside its own:
 *   run    PATH  /run/aduan     folder of the unix sockets
 *   data   PATH  /var/lib/aduan folder of this installation's files
 *   log    TEXT  info           error, warning, info or debug */
int daemon_main (const struct daemon *daemon, int argc, char **argv);

/* The process's ZeroMQ context, made by the first call. */
void *daemon_context (void);
/* Ends it (tests; daemon_main does it itself).  All sockets must be closed. */
void daemon_context_end (void);
/* A fatal error found in a turn: logs nothing, leaves with `status` after the turn's end without
 * draining; what was not answered stays unanswered. */
void daemon_exit (int status);

#endif

/* daemon.c - the ordered list that every program's life is; the order is the knowledge. */
#include "daemon/daemon.h"

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

enum phase { STARTING, RUNNING, DRAINING, STOPPED };

struct options {
    const char *settings_path;
    const char *overrides[65]; /* more than any program has settings */
    unsigned override_count;
    int ready_fd;
    bool check_only;
    bool verbose;
};

struct life {
    const struct daemon *daemon;
    struct options options;
    struct settings *settings;
    struct reactor *reactor;
    struct source *signals;
    struct timer *deadline;
    struct listener *control;
    int signal_fd;
    enum phase phase;
    void *state;
    int status;
};

static void *context;
static struct life *living; /* of daemon_exit */

void *daemon_context (void)
{
    if (!context) {
        context = zmq_ctx_new ();
        check (context);
        zmq_ctx_set (context, ZMQ_MAX_SOCKETS, 8192);
    }
    return context;
}

void daemon_context_end (void)
{
    if (context)
        zmq_ctx_term (context);
    context = NULL;
}

void daemon_exit (int status)
{
    check (living);
    living->status = status;
    living->phase = STOPPED;
    reactor_stop (living->reactor);
}

/* ---- options ------------------------------------------------------------------------------- */

static void usage (const struct daemon *daemon, FILE *to)
{
    fprintf (to,
             "usage: aduan-%s [-c FILE] [-o KEY=VALUE]... [-n] [-v] [-d FD] | -V\n"
             "  -c FILE       settings (YAML)\n"
             "  -o KEY=VALUE  a setting of this program, over the file's\n"
             "  -n            check the settings, print them, exit: 0 or 78\n"
             "  -v            log at debug\n"
             "  -d FD         write a newline to FD when ready (s6)\n"
             "  -V            print the version and exit\n",
             daemon->name);
}

/* -1, or an exit status. */
static int read_options (struct life *life, int argc, char **argv)
{
    int option;
    life->options.ready_fd = -1;
    while ((option = getopt (argc, argv, "c:o:nvd:Vh")) != -1) {
        switch (option) {
        case 'c': life->options.settings_path = optarg; break;
        case 'o':
            if (life->options.override_count == array_len (life->options.overrides) - 1)
                return EX_USAGE;
            life->options.overrides[life->options.override_count++] = optarg;
            break;
        case 'n': life->options.check_only = true; break;
        case 'v': life->options.verbose = true; break;
        case 'd': life->options.ready_fd = atoi (optarg); break;
        case 'V': printf ("aduan-%s %s\n", life->daemon->name, ADUAN_VERSION); return EX_OK;
        case 'h': usage (life->daemon, stdout); return EX_OK;
        default: usage (life->daemon, stderr); return EX_USAGE;
        }
    }
    if (optind == argc)
        return -1;
    usage (life->daemon, stderr);
    return EX_USAGE;
}

/* ---- signals, reload, drain ---------------------------------------------------------------- */

static const char *const level_words[] = {"error", "warning", "info", "debug"}; /* enum log_level */

static enum log_level level_said (const struct settings *settings)
{
    const char *word = settings_text (settings, "log");
    enum log_level level = 0;
    while (level < array_len (level_words) && strcmp (word, level_words[level]) != 0)
        level++;
    return level;
}

static enum log_level level_of (const struct life *life)
{
    return life->options.verbose ? LOG_DEBUG : level_said (life->settings);
}

static int load (struct life *life, struct settings **ret)
{
    const struct daemon *daemon = life->daemon;
    int result = settings_load (life->options.settings_path, daemon->name, daemon->settings,
                                daemon->settings_len, life->options.overrides, ret);
    if (result != 0)
        return result;
    bool right = level_said (*ret) < array_len (level_words) ||
                 settings_refuse (*ret, "log", "error, warning, info or debug");
    /* the longest name of those that are opened there */
    char *longest = xformat ("ipc://%s/notifier.ctl", settings_text (*ret, "run"));
    if (!link_endpoint_right (longest))
        right = settings_refuse (*ret, "run", "a path of at most 94 bytes: sockets lie in it");
    free (longest);
    if (daemon->settings_right && !daemon->settings_right (*ret))
        right = false;
    if (!right)
        settings_destroy (ret);
    return right ? 0 : FAIL_SETTING;
}

static void reload (struct life *life)
{
    struct settings *settings = NULL;
    if (load (life, &settings) != 0) {
        log_error ("settings are faulty: the former ones stay in force");
        return;
    }
    settings_destroy (&life->settings);
    life->settings = settings;
    log_set_level (level_of (life));
    if (life->daemon->reload)
        life->daemon->reload (life->state, settings);
    log_info ("settings read again");
}

static void at_drain_deadline (void *owner)
{
    log_warning ("not everything was finished in time; what is left is repeated after the start");
    daemon_exit (((struct life *) owner)->status);
}

static void stop_softly (struct life *life)
{
    if (life->phase == DRAINING) {
        log_info ("told a second time: leaving at once");
        daemon_exit (life->status);
        return;
    }
    life->phase = DRAINING;
    int64_t most = life->daemon->drain_ms ? life->daemon->drain_ms : 10000;
    life->deadline =
        reactor_timer (life->reactor, reactor_now (life->reactor) + most, at_drain_deadline, life);
}

static void on_signal (void *owner, int events)
{
    struct life *life = owner;
    struct signalfd_siginfo info;
    (void) events;
    while (read (life->signal_fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP)
            reload (life);
        else
            stop_softly (life);
    }
}

/* The last thing of a turn: is the drain done? */
static void look_at_drain (void *owner)
{
    struct life *life = owner;
    if (life->phase != DRAINING)
        return;
    if (!life->daemon->drain || life->daemon->drain (life->state)) {
        life->phase = STOPPED;
        reactor_stop (life->reactor);
    }
}

static int block_signals (void)
{
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGHUP);
    check (sigprocmask (SIG_BLOCK, &set, NULL) == 0);
    signal (SIGPIPE, SIG_IGN);
    int fd = signalfd (-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    check (fd >= 0);
    return fd;
}

/* ---- the control socket -------------------------------------------------------------------- */

static void show_page (struct life *life, const char *what, struct buffer *page)
{
    if (life->daemon->show && life->daemon->show (life->state, what, page))
        return;
    if (strcmp (what, "metrics") == 0) {
        if (life->daemon->measure)
            life->daemon->measure (life->state);
        metric_print (page, life->daemon->name);
    } else if (strcmp (what, "settings") == 0) {
        settings_print (life->settings, page);
    } else {
        buffer_format (page, "no page \"%s\": metrics, settings, or one of this program's own\n",
                       what);
    }
}

static void on_show (void *owner, struct link *from, struct parcel *parcel)
{
    struct life *life = owner;
    const struct msg_show *show = &parcel->said[0].show;
    char *what = xstrndup (show->what.at, show->what.len);
    struct buffer page = {0};
    show_page (life, what, &page);
    struct msg_shown shown = {.text = {page.at, page.len < 1000000 ? page.len : 1000000}};
    link_say (from, WIRE_shown, &shown);
    buffer_free (&page);
    free (what);
}

static link_message_fn *const control_handlers[WIRE_LAST] = {[WIRE_show] = on_show};
static const struct link_hooks control_hooks = {.handlers = control_handlers};

static int open_control (struct life *life)
{
    const char *run = settings_text (life->settings, "run");
    if (mkdir (run, 0750) != 0 && errno != EEXIST) {
        log_error ("run: %s: cannot be made: %s", run, strerror (errno));
        return EX_UNAVAILABLE;
    }
    char *endpoint = xformat ("ipc://%s/%s.ctl", run, life->daemon->name);
    int result =
        link_listen (life->reactor, endpoint, NULL, &control_hooks, life, 1, 1, &life->control);
    if (result != 0)
        log_error ("%s: cannot listen: %s", endpoint, strerror (errno));
    free (endpoint);
    return result == 0 ? 0 : EX_UNAVAILABLE;
}

/* Memory that a burst has taken is kept for the next one: giving it back and taking it again, page
 * by page, cost a third of a busy program's time on virtual machines. */
static void keep_memory (void)
{
    mallopt (M_TRIM_THRESHOLD, 64 << 20);
    mallopt (M_MMAP_THRESHOLD, 16 << 20);
    mallopt (M_TOP_PAD, 1 << 20);
}

/* ---- readiness ----------------------------------------------------------------------------- */

/* sd_notify(3)'s protocol is one datagram; a library for it is not worth its weight. */
static void notify_systemd (const char *text)
{
    const char *path = getenv ("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || strlen (path) >= sizeof address.sun_path)
        return;
    memcpy (address.sun_path, path, strlen (path));
    if (address.sun_path[0] == '@')
        address.sun_path[0] = 0;
    int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t len = (socklen_t) (offsetof (struct sockaddr_un, sun_path) + strlen (path));
    if (fd < 0 || sendto (fd, text, strlen (text), 0, (struct sockaddr *) &address, len) < 0)
        log_debug ("NOTIFY_SOCKET: not heard");
    if (fd >= 0)
        close (fd);
}

static void say_ready (const struct life *life)
{
    notify_systemd ("READY=1");
    if (life->options.ready_fd >= 0) {
        ssize_t put = write (life->options.ready_fd, "\n", 1);
        (void) put;
        close (life->options.ready_fd);
    }
    log_info ("ready");
}

/* ---- the life ------------------------------------------------------------------------------ */

static int live (struct life *life)
{
    const struct daemon *daemon = life->daemon;
    life->reactor = reactor_new ();
    life->signals = reactor_fd (life->reactor, life->signal_fd, REACTOR_READ, on_signal, life);
    int status = daemon->start (life->reactor, life->settings, &life->state);
    if (status == 0)
        status = open_control (life);
    if (status != 0) {
        life->status = status;
        return status;
    }
    if (daemon->durable)
        reactor_at_end (life->reactor, REACTOR_DURABLE, daemon->durable, life->state);
    if (daemon->answer)
        reactor_at_end (life->reactor, REACTOR_ANSWER, daemon->answer, life->state);
    reactor_at_end (life->reactor, REACTOR_CREDIT, look_at_drain, life);
    life->phase = RUNNING;
    metric_set (program_start_time_seconds, wall_ms ());
    say_ready (life);
    reactor_run (life->reactor, daemon->turn_limit_ms ? daemon->turn_limit_ms : 5000);
    notify_systemd ("STOPPING=1");
    return life->status;
}

static void end (struct life *life)
{
    listener_destroy (&life->control);
    if (life->state && life->daemon->stop)
        life->daemon->stop (&life->state);
    reactor_timer_forget (&life->deadline);
    reactor_forget (&life->signals);
    reactor_destroy (&life->reactor);
    daemon_context_end ();
}

/* As many as the host lets it have: a usual soft limit of 1,024 is less than a door's connections, and files that come in have one
 * each. */
static void descriptors_allow (void)
{
    struct rlimit most;

    if (getrlimit (RLIMIT_NOFILE, &most) != 0 || most.rlim_cur == most.rlim_max)
        return;
    most.rlim_cur = most.rlim_max;
    setrlimit (RLIMIT_NOFILE, &most);
}

int daemon_main (const struct daemon *daemon, int argc, char **argv)
{
    struct life life = {.daemon = daemon};
    keep_memory ();
    log_open (daemon->name, LOG_INFO);
    int status = read_options (&life, argc, argv);
    if (status >= 0)
        return status;
    check (sodium_init () >= 0);
    if (load (&life, &life.settings) != 0) {
        log_error ("settings are faulty; see the lines above");
        return EX_CONFIG;
    }
    log_set_level (level_of (&life));
    if (life.options.check_only) {
        struct buffer text = {0};
        settings_print (life.settings, &text);
        fwrite (text.at, 1, text.len, stdout);
        buffer_free (&text);
        settings_destroy (&life.settings);
        return EX_OK;
    }
    /* before the first socket: ZeroMQ's threads inherit the mask */
    life.signal_fd = block_signals ();
    setrlimit (RLIMIT_CORE, &(struct rlimit){0}); /* a core may hold a reporter's words */
    descriptors_allow ();
    living = &life;
    status = live (&life);
    end (&life);
    close (life.signal_fd);
    settings_destroy (&life.settings);
    living = NULL;
    log_info ("stopped, status %d", status);
    return status;
}

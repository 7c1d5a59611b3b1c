/* inforce.c - one thread reads what came, one thing after the other; only the reactor's side changes what
 * is in force, so that a decision needs no lock. */
#include "inforce.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define NOTHING 0 /* a job that only frees what is old */

struct parts {
    struct registry *registry;
    struct rules *rules;
    struct model *model;
};

struct came {
    uint64_t version; /* 0: nothing */
    const char *at;   /* lives until it is settled */
    size_t len;
};

struct inforce {
    struct reactor *reactor;
    struct snapshots *snapshots;
    inforce_changed_fn *changed;
    void *owner;
    struct routing routing;
    struct parts parts;
    struct came came[SNAPSHOT_LAST];
    struct view rules_text; /* of the rules in force */
    bool busy;              /* a job is under way */
    bool has_old;

    /* the job: the thread's while WORKING, the reactor's else */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    enum { IDLE, WORKING, FINISHED } phase;
    bool stopping;
    enum snapshot kind;
    struct came job;
    struct parts made, old; /* old: to be freed before anything is read */
    char fault[400];        /* "": it is good */
    char left_out[400];     /* of rules that are good; "": nothing */
    int64_t took;
    int event_fd;
    struct source *source;
};

/* ---- the thread ------------------------------------------------------------------------------ */

static void free_parts (struct parts *parts)
{
    rules_free (&parts->rules);
    registry_destroy (&parts->registry);
    model_free (&parts->model);
}

/* NULL where they are faulty: what and where is in inforce->fault.  What is only left out is in
 * inforce->left_out. */
static struct rules *read_rules (struct inforce *inforce, const struct registry *registry,
                                 struct view text)
{
    struct rules *rules = NULL;
    struct sheet_fault *faults = NULL;
    size_t count = 0, first = 0;
    int result = rules_read_again (registry, text.at, text.len, &rules, &faults, &count);
    while (first < count && result != 0 && faults[first].warning)
        first++;
    if (result != 0)
        snprintf (inforce->fault, sizeof inforce->fault, "line %u: %s",
                  first < count ? faults[first].line : 0,
                  first < count ? faults[first].text : "cannot be read");
    else if (count)
        snprintf (inforce->left_out, sizeof inforce->left_out,
                  "%zu warnings, the first in line %u: %s", count, faults[0].line, faults[0].text);
    free (faults);
    return rules;
}

static void read_registry (struct inforce *inforce)
{
    struct parts *made = &inforce->made;
    if (registry_parse (inforce->job.version, inforce->job.at, inforce->job.len, &made->registry) !=
        0) {
        snprintf (inforce->fault, sizeof inforce->fault, "not well-formed");
        return;
    }
    if (inforce->rules_text.len)
        made->rules = read_rules (inforce, made->registry, inforce->rules_text);
}

static void do_job (struct inforce *inforce)
{
    int64_t began = mono_ms ();
    free_parts (&inforce->old);
    switch ((int) inforce->kind) {
    case NOTHING: break;
    case SNAPSHOT_REGISTRY: read_registry (inforce); break;
    case SNAPSHOT_RULES:
        inforce->made.rules = read_rules (inforce, inforce->parts.registry,
                                          (struct view){inforce->job.at, inforce->job.len});
        break;
    default:
        if (model_parse (inforce->job.at, inforce->job.len, &inforce->made.model) != 0)
            snprintf (inforce->fault, sizeof inforce->fault, "not a model of this version");
    }
    if (inforce->fault[0])
        free_parts (&inforce->made);
    inforce->took = mono_ms () - began;
}

static void *work (void *owner)
{
    struct inforce *inforce = owner;
    uint64_t one = 1;
    pthread_mutex_lock (&inforce->lock);
    while (!inforce->stopping) {
        if (inforce->phase != WORKING) {
            pthread_cond_wait (&inforce->wanted, &inforce->lock);
            continue;
        }
        pthread_mutex_unlock (&inforce->lock);
        do_job (inforce);
        pthread_mutex_lock (&inforce->lock);
        inforce->phase = FINISHED;
        check (write (inforce->event_fd, &one, sizeof one) == sizeof one);
    }
    pthread_mutex_unlock (&inforce->lock);
    text_thread_end ();
    return NULL;
}

/* ---- the reactor's side ---------------------------------------------------------------------- */

static void begin_job (struct inforce *inforce, int kind)
{
    inforce->kind = (enum snapshot) kind;
    inforce->job = inforce->came[kind];
    inforce->came[kind] = (struct came){0};
    inforce->fault[0] = inforce->left_out[0] = 0;
    pthread_mutex_lock (&inforce->lock);
    inforce->phase = WORKING;
    pthread_cond_signal (&inforce->wanted);
    pthread_mutex_unlock (&inforce->lock);
}

/* The next thing that can be read, the kinds in turn: rules only once there is a registry. */
static void begin_next (struct inforce *inforce)
{
    if (inforce->busy)
        return;
    for (int i = 1; i <= SNAPSHOT_LAST; i++) {
        int kind = (int) (inforce->kind + (unsigned) i) % SNAPSHOT_LAST;
        bool ready =
            inforce->came[kind].version && (kind != SNAPSHOT_RULES || inforce->parts.registry);
        if (ready || (kind == NOTHING && inforce->has_old)) {
            inforce->busy = true;
            begin_job (inforce, kind);
            return;
        }
    }
}

/* What was made becomes what is in force; what was becomes old. */
static void take_over (struct inforce *inforce)
{
    struct parts *parts = &inforce->parts, *made = &inforce->made, *old = &inforce->old;
    struct routing *routing = &inforce->routing;
    if (made->registry) {
        old->registry = parts->registry;
        parts->registry = made->registry;
        metric_set (router_registry_version, (int64_t) inforce->job.version);
    }
    if (made->rules) {
        old->rules = parts->rules;
        parts->rules = made->rules;
    }
    if (made->model) {
        old->model = parts->model;
        parts->model = made->model;
        routing->model_version = inforce->job.version;
        metric_set (router_model_version, (int64_t) inforce->job.version);
    }
    if (inforce->kind == SNAPSHOT_RULES) {
        inforce->rules_text = (struct view){inforce->job.at, inforce->job.len};
        routing->rules_version = inforce->job.version;
        metric_set (router_rules_version, (int64_t) inforce->job.version);
        metric_set (router_rules_faulty, 0);
    }
    *made = (struct parts){0};
    inforce->has_old = old->registry || old->rules || old->model;
    routing->registry = parts->registry;
    routing->rules = parts->rules;
    routing->model = parts->model;
}

static void refuse (struct inforce *inforce)
{
    static const char *const what[] = {
        [SNAPSHOT_REGISTRY] = "registry", [SNAPSHOT_RULES] = "rules", [SNAPSHOT_MODEL] = "model"};
    log_error ("%s, version %lu, cannot be used: %s; version %lu stays in force",
               what[inforce->kind], (unsigned long) inforce->job.version, inforce->fault,
               (unsigned long) snapshots_version (inforce->snapshots, inforce->kind));
    if (inforce->kind == SNAPSHOT_RULES)
        metric_set (router_rules_faulty, (int64_t) inforce->job.version);
}

static void on_finished (void *owner, int events)
{
    struct inforce *inforce = owner;
    uint64_t count;
    (void) events;
    if (read (inforce->event_fd, &count, sizeof count) != sizeof count)
        return;
    pthread_mutex_lock (&inforce->lock);
    check (inforce->phase == FINISHED);
    inforce->phase = IDLE;
    pthread_mutex_unlock (&inforce->lock);
    inforce->busy = inforce->has_old = false;
    if (inforce->kind == NOTHING) {
        begin_next (inforce);
        return;
    }
    bool good = inforce->fault[0] == 0;
    metric_set (router_reload_seconds, inforce->took);
    if (good)
        take_over (inforce);
    else
        refuse (inforce);
    if (inforce->left_out[0])
        log_warning ("rules, version %lu: %s", (unsigned long) inforce->routing.rules_version,
                     inforce->left_out);
    snapshots_settle (inforce->snapshots, inforce->kind, good ? 0 : FAIL_MALFORMED);
    begin_next (inforce);
    if (good)
        inforce->changed (inforce->owner);
}

struct inforce *inforce_new (struct reactor *reactor, struct thresholds thresholds,
                             inforce_changed_fn *changed, void *owner)
{
    struct inforce *inforce = xcalloc (1, sizeof *inforce);
    *inforce = (struct inforce){.reactor = reactor, .changed = changed, .owner = owner};
    inforce->routing.thresholds = thresholds;
    inforce->event_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    check (inforce->event_fd >= 0);
    pthread_mutex_init (&inforce->lock, NULL);
    pthread_cond_init (&inforce->wanted, NULL);
    inforce->source = reactor_fd (reactor, inforce->event_fd, REACTOR_READ, on_finished, inforce);
    check (pthread_create (&inforce->thread, NULL, work, inforce) == 0);
    return inforce;
}

void inforce_destroy (struct inforce **held)
{
    struct inforce *inforce = *held;
    if (!inforce)
        return;
    pthread_mutex_lock (&inforce->lock);
    inforce->stopping = true;
    pthread_cond_signal (&inforce->wanted);
    pthread_mutex_unlock (&inforce->lock);
    pthread_join (inforce->thread, NULL);
    reactor_forget (&inforce->source);
    close (inforce->event_fd);
    pthread_mutex_destroy (&inforce->lock);
    pthread_cond_destroy (&inforce->wanted);
    free_parts (&inforce->made);
    free_parts (&inforce->old);
    free_parts (&inforce->parts);
    free (inforce);
    *held = NULL;
}

void inforce_settles (struct inforce *inforce, struct snapshots *snapshots)
{
    inforce->snapshots = snapshots;
    begin_next (inforce);
}

int inforce_take (struct inforce *inforce, enum snapshot kind, uint64_t version, const char *at,
                  size_t len)
{
    inforce->came[kind] = (struct came){version, at, len};
    if (inforce->snapshots)
        begin_next (inforce);
    return SNAPSHOT_LATER;
}

const struct routing *inforce_routing (const struct inforce *inforce)
{
    return inforce->routing.registry ? &inforce->routing : NULL;
}

void inforce_show (const struct inforce *inforce, struct buffer *out)
{
    const struct routing *routing = &inforce->routing;
    buffer_format (out, "registry: %lu\nrules: %lu (%zu)\nmodel: %lu%s%s\n",
                   routing->registry ? (unsigned long) registry_version (routing->registry) : 0,
                   (unsigned long) routing->rules_version,
                   routing->rules ? rules_count (routing->rules) : 0,
                   (unsigned long) routing->model_version, routing->model ? " " : "",
                   routing->model ? model_name (routing->model) : "");
}

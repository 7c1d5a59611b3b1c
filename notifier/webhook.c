/* webhook.c - collects batches of webhooks from the store, has them posted, tells what became of them.
 *
 *   state     it waits for                 leaves it when
 *   RUNS      its thread                   posted, or over: TELLS; this program stops: gone, the claim's minute ends it
 *   TELLS     `heard`                      heard; said again every ten seconds and on each new link
 *
 * A thread for each batch that is under way: they last up to five seconds, and few are at once.  Looking up a name
 * blocks, whatever else libcurl offers.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <curl/curl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>
#include "webhook.h"

#define REPEAT_MS  10000 /* of what was not heard */
#define COLLECT_MS 30000 /* an answer that did not come by then is not waited for */
#define CLAIM_MS   60000 /* behind that another may have the claim: nothing is left to be told */
#define REF_FIRST                                                                                  \
    (UINT64_C (1) << 32) /* `heard` is also said of refs of claim.c, which count from 1 */

enum call_state { CALL_RUNS, CALL_TELLS };

struct call {
    struct webhooks *webhooks;
    struct call *prev, *next;
    enum call_state state;
    pthread_t thread;
    atomic_bool finished; /* by the thread */
    struct post post;
    uint64_t webhook, ref;
    struct id claim;
    int64_t since, told_at; /* mono_ms; told_at 0: not said on this link */
};

struct webhooks {
    struct reactor *reactor;
    struct link **store;
    struct source *source;
    struct timer *timer;
    int event;
    struct call *calls;
    unsigned count, parallel;
    struct post_settings settings;
    int64_t scan_ms;
    atomic_bool stopping;
    bool collecting, draining;
    uint64_t collect_ref, next_ref;
    int64_t collect_at;
};

/* ---- telling ---------------------------------------------------------------------------------- */

static void call_free (struct call *call)
{
    DL_DELETE (call->webhooks->calls, call);
    call->webhooks->count--;
    post_done (&call->post);
    free (call);
}

static void call_tell (struct call *call)
{
    struct webhooks *webhooks = call->webhooks;
    struct msg_delivered delivered = {.ref = call->ref,
                                      .webhook = call->webhook,
                                      .claim = call->claim,
                                      .status = call->post.status};
    if (link_say (*webhooks->store, WIRE_delivered, &delivered) == 0)
        call->told_at = reactor_now (webhooks->reactor);
}

static void call_over (struct call *call)
{
    uint64_t status = call->post.status;
    bool taken = status >= 200 && status < 300;

    check (pthread_join (call->thread, NULL) == 0);
    metric_add (notifier_webhook_taken_total, taken);
    metric_add (notifier_webhook_failed_total, !taken);
    if (!taken)
        log_limited (LOG_WARNING,
                     "webhook %" PRIu64 ": not taken, status %" PRIu64
                     "; the store will have it tried again",
                     call->webhook, status);
    call->state = CALL_TELLS;
    call_tell (call);
}

static void tell_all (struct webhooks *webhooks)
{
    int64_t now = reactor_now (webhooks->reactor);
    struct call *call, *next;

    DL_FOREACH_SAFE (webhooks->calls, call, next) {
        if (call->state != CALL_TELLS)
            continue;
        if (now - call->since > 2 * CLAIM_MS)
            call_free (call);
        else if (call->told_at == 0 || call->told_at < now - REPEAT_MS)
            call_tell (call);
    }
}

void webhooks_heard (struct webhooks *webhooks, uint64_t ref)
{
    struct call *call, *next;

    DL_FOREACH_SAFE (webhooks->calls, call, next)
        if (call->state == CALL_TELLS && call->ref == ref)
            call_free (call);
}

/* ---- collecting ------------------------------------------------------------------------------- */

static void collect (struct webhooks *webhooks)
{
    if (webhooks->collecting || webhooks->draining || webhooks->count >= webhooks->parallel)
        return;
    struct msg_collect collect = {.ref = ++webhooks->next_ref};
    if (link_say (*webhooks->store, WIRE_collect, &collect) != 0)
        return;
    webhooks->collecting = true;
    webhooks->collect_ref = collect.ref;
    webhooks->collect_at = reactor_now (webhooks->reactor);
}

static void at_scan (void *owner)
{
    struct webhooks *webhooks = owner;
    int64_t now = reactor_now (webhooks->reactor);

    /* A quarter of jitter: several notifiers do not ask in step. */
    int64_t jitter = (int64_t) randombytes_uniform ((uint32_t) (webhooks->scan_ms / 4 + 1));
    reactor_timer_at (webhooks->timer, now + webhooks->scan_ms + jitter);
    if (webhooks->collecting && now - webhooks->collect_at > COLLECT_MS)
        webhooks->collecting = false;
    tell_all (webhooks);
    collect (webhooks);
}

void webhooks_up (struct webhooks *webhooks)
{
    struct call *call;

    webhooks->collecting = false;
    DL_FOREACH (webhooks->calls, call)
        call->told_at = 0;
    tell_all (webhooks);
    collect (webhooks);
}

void webhooks_down (struct webhooks *webhooks)
{
    webhooks->collecting = false;
}

/* ---- posting ---------------------------------------------------------------------------------- */

static void *thread_run (void *with)
{
    struct call *call = with;
    int event = call->webhooks->event;
    uint64_t one = 1;

    post_perform (&call->post, &call->webhooks->settings);
    atomic_store (&call->finished, true);
    check (write (event, &one, sizeof one) == sizeof one);
    return NULL;
}

static void at_finished (void *owner, int events)
{
    struct webhooks *webhooks = owner;
    struct call *call, *next;
    uint64_t count;

    (void) events;
    if (read (webhooks->event, &count, sizeof count) < 0)
        check (errno == EAGAIN);
    DL_FOREACH_SAFE (webhooks->calls, call, next)
        if (call->state == CALL_RUNS && atomic_load (&call->finished))
            call_over (call);
    collect (webhooks);
}

static bool secret_take (uint8_t ret[WEBHOOK_SECRET], struct view said)
{
    if (said.len != WEBHOOK_SECRET)
        return false;
    memcpy (ret, said.at, WEBHOOK_SECRET);
    return true;
}

static void call_begin (struct webhooks *webhooks, const struct msg_delivery *said)
{
    struct call *call = xcalloc (1, sizeof *call);

    *call = (struct call){.webhooks = webhooks,
                          .webhook = said->webhook,
                          .claim = said->claim,
                          .ref = ++webhooks->next_ref,
                          .since = reactor_now (webhooks->reactor)};
    call->post = (struct post){.url = xstrndup (said->url.at, said->url.len),
                               .id = xstrndup (said->id.at, said->id.len),
                               .body = xstrndup (said->body.at, said->body.len),
                               .body_len = said->body.len,
                               .stopping = &webhooks->stopping};
    call->post.both = secret_take (call->post.old_secret, said->old_secret);
    DL_APPEND (webhooks->calls, call);
    webhooks->count++;
    if (!secret_take (call->post.secret, said->secret)) {
        log_error ("webhook %" PRIu64
                   ": its secret has %zu bytes, %d are right; left to its claim's end",
                   said->webhook, said->secret.len, WEBHOOK_SECRET);
        call_free (call);
    } else {
        check (pthread_create (&call->thread, NULL, thread_run, call) == 0);
    }
}

void webhooks_delivery (struct webhooks *webhooks, const struct msg_delivery *said)
{
    bool awaited = webhooks->collecting && said->ref == webhooks->collect_ref;

    if (awaited)
        webhooks->collecting = false;
    if (!said->webhook)
        return; /* none waits: asked again by the timer */
    if (awaited && !webhooks->draining) {
        call_begin (webhooks, said);
        collect (webhooks);
        return;
    }
    struct msg_delivered back = {
        .ref = ++webhooks->next_ref, .webhook = said->webhook, .claim = said->claim};
    link_say (*webhooks->store, WIRE_delivered, &back); /* not tried; its minute ends it anyhow */
}

/* ---- life ------------------------------------------------------------------------------------- */

struct webhooks *webhooks_new (struct reactor *reactor, const struct settings *settings,
                               struct link **store)
{
    struct webhooks *webhooks = xcalloc (1, sizeof *webhooks);

    webhooks->reactor = reactor;
    webhooks->store = store;
    webhooks->parallel = (unsigned) settings_number (settings, "webhook.parallel");
    webhooks->scan_ms = settings_number (settings, "webhook.scan");
    webhooks->settings =
        (struct post_settings){.hosts = xstrdup (settings_text (settings, "webhook.hosts")),
                               .ca = xstrdup (settings_text (settings, "webhook.ca")),
                               .wait_ms = settings_number (settings, "webhook.wait")};
    webhooks->next_ref = REF_FIRST;
    webhooks->event = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    check (webhooks->event >= 0);
    check (curl_global_init (CURL_GLOBAL_DEFAULT) == CURLE_OK);
    webhooks->source = reactor_fd (reactor, webhooks->event, REACTOR_READ, at_finished, webhooks);
    webhooks->timer = reactor_timer (reactor, mono_ms () + webhooks->scan_ms, at_scan, webhooks);
    return webhooks;
}

bool webhooks_drain (struct webhooks *webhooks)
{
    webhooks->draining = true;
    return webhooks->count == 0;
}

void webhooks_destroy (struct webhooks **ref)
{
    struct webhooks *webhooks = *ref;
    struct call *call, *next;

    if (!webhooks)
        return;
    *ref = NULL;
    atomic_store (&webhooks->stopping, true);
    DL_FOREACH_SAFE (webhooks->calls, call, next) {
        if (call->state == CALL_RUNS)
            check (pthread_join (call->thread, NULL) == 0);
        call_free (call);
    }
    reactor_forget (&webhooks->source);
    reactor_timer_forget (&webhooks->timer);
    close (webhooks->event);
    free (webhooks->settings.hosts);
    free (webhooks->settings.ca);
    free (webhooks);
    curl_global_cleanup ();
}

void webhooks_show (const struct webhooks *webhooks, struct buffer *out)
{
    const struct call *call;

    buffer_format (out, "webhooks under way %u of %u\n", webhooks->count, webhooks->parallel);
    DL_FOREACH (webhooks->calls, call)
        buffer_format (out, "webhook %" PRIu64 " %s\n", call->webhook,
                       call->state == CALL_RUNS ? "posting" : "telling");
}

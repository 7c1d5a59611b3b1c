/* cache.c - hiredis, asynchronous, inside the reactor; every deadline is ours. */
#include "cache/cache.h"
#include "base/log.h"
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define WHERE_UNIX "unix:"
#define WHERE_TCP  "tcp://"

/* One round trip, and no key without an end: between a command that counts and one that sets the end Redis may die. */
#define COUNT                                                                                      \
    "local n = redis.call('INCRBY', KEYS[1], ARGV[1]) "                                            \
    "if n == tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return n"
#define SHARE                                                                                      \
    "redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) return redis.call('GET', KEYS[1])"

enum state { AWAY, CONNECTING, HERE };

/* One question, from its sending to its answer; overdue ones stay, for their answers may still come. */
struct asked {
    struct cache *cache;
    cache_count_fn *count;
    cache_value_fn *value;
    void *with;
    int64_t since; /* mono_ms */
    bool over;     /* whoever asked has been told that nobody knows */
    struct asked *prev, *next;
};

struct cache {
    struct reactor *reactor;
    char *where;
    enum state state;
    redisAsyncContext *context;
    struct source *source;
    int events;
    struct timer *
        timer; /* the next connection, the end of this one's making, the oldest question's deadline */
    int64_t pause_ms, since;
    struct asked *asked; /* in the order in which Redis answers */
    unsigned asked_count;
    bool said; /* that it is away */
    uint64_t late;
};

static void connect_start (struct cache *cache);

/* ---- questions --------------------------------------------------------------------------------- */

static void answer (struct asked *asked, int64_t total, struct view value)
{
    if (asked->over)
        return;
    asked->over = true;
    if (asked->count)
        asked->count (asked->with, total);
    else if (asked->value)
        asked->value (asked->with, value);
}

static bool is_late (const struct cache *cache)
{
    return cache->asked && cache->asked->over;
}

bool cache_is_up (const struct cache *cache)
{
    return cache->state == HERE && !is_late (cache) && cache->asked_count < CACHE_WAITING_MOST;
}

uint64_t cache_late (const struct cache *cache)
{
    return cache->late;
}

/* The timer to what comes next. */
static void timer_set (struct cache *cache)
{
    int64_t at = 0;

    if (cache->state == CONNECTING)
        at = cache->since + CACHE_CONNECT_MS;
    else if (cache->state == AWAY)
        at = cache->since + cache->pause_ms;
    else if (cache->asked)
        at = cache->asked->since + (cache->asked->over ? CACHE_SILENT_MS : CACHE_ANSWER_MS);
    reactor_timer_at (cache->timer, at);
}

static void heard (struct cache *cache)
{
    if (cache->said)
        log_info ("Redis at %s answers again: counts are shared", cache->where);
    cache->said = false;
    cache->pause_ms = 0;
}

/* hiredis calls this for each question once: with NULL where the connection has ended. */
static void on_reply (redisAsyncContext *context, void *said, void *with)
{
    struct asked *asked = with;
    struct cache *cache = asked->cache;
    const redisReply *reply = said;

    (void) context;
    DL_DELETE (cache->asked, asked);
    cache->asked_count--;
    if (reply && reply->type != REDIS_REPLY_ERROR)
        heard (cache);
    if (reply && reply->type == REDIS_REPLY_INTEGER)
        answer (asked, reply->integer, (struct view){0});
    else if (reply && reply->type == REDIS_REPLY_STRING)
        answer (asked, -1, (struct view){reply->str, reply->len});
    else
        answer (asked, -1, (struct view){0});
    if (reply && reply->type == REDIS_REPLY_ERROR)
        log_limited (LOG_WARNING, "Redis at %s refuses a count: %s", cache->where,
                     log_text (reply->str, reply->len));
    free (asked);
    timer_set (cache);
}

static void ask (struct cache *cache, const char *script, struct view key, struct view first,
                 int64_t life_ms, struct asked call)
{
    char life[24];
    struct asked *asked;

    if (!cache_is_up (cache)) {
        answer (&call, -1, (struct view){0});
        return;
    }
    check (life_ms > 0);
    snprintf (life, sizeof life, "%lld", (long long) life_ms);
    asked = xcalloc (1, sizeof *asked);
    *asked = call;
    asked->cache = cache;
    asked->since = mono_ms ();
    DL_APPEND (cache->asked, asked);
    cache->asked_count++;
    if (redisAsyncCommand (cache->context, on_reply, asked, "EVAL %s 1 %b %b %s", script, key.at,
                           key.len, first.at, first.len, life) != REDIS_OK) {
        DL_DELETE (cache->asked, asked);
        cache->asked_count--;
        answer (asked, -1, (struct view){0});
        free (asked);
    }
    timer_set (cache);
}

/* Sends what was said in this turn now, not in the next one.  Not from within an answer: an error would end the connection
 * under hiredis's feet (0.14); then it goes when all that came is read (answers_read). */
static void flush (struct cache *cache)
{
    if (cache->context && !(cache->context->c.flags & REDIS_IN_CALLBACK))
        redisAsyncHandleWrite (cache->context);
}

/* Who waits for an answer counts, and answers his own asker at the end of this turn: what he has counted is sent before. */
static void answers_read (struct cache *cache)
{
    redisAsyncHandleRead (cache->context);
    if (cache->state == HERE && cache->events & REACTOR_WRITE)
        flush (cache);
}

void cache_count (struct cache *cache, struct view key, int64_t count, int64_t life_ms,
                  cache_count_fn *then, void *with)
{
    char text[24];

    snprintf (text, sizeof text, "%lld", (long long) count);
    ask (cache, COUNT, key, view_of (text), life_ms, (struct asked){.count = then, .with = with});
    if (count) /* who was answered and asks another process at once is counted there, too */
        flush (cache);
}

void cache_share (struct cache *cache, struct view key, struct view mine, int64_t life_ms,
                  cache_value_fn *then, void *with)
{
    check (mine.len <= CACHE_VALUE_MOST);
    ask (cache, SHARE, key, mine, life_ms, (struct asked){.value = then, .with = with});
}

/* ---- a connection's life ------------------------------------------------------------------------- */

static void lost (struct cache *cache, const char *why)
{
    cache->state = AWAY;
    cache->context = NULL;
    cache->since = mono_ms ();
    cache->pause_ms = cache->pause_ms ? cache->pause_ms * 2 : CACHE_PAUSE_MS;
    if (cache->pause_ms > CACHE_PAUSE_MOST_MS)
        cache->pause_ms = CACHE_PAUSE_MOST_MS;
    if (!cache->said)
        log_warning ("Redis at %s is away (%s): each process counts for itself until it is back",
                     cache->where, why);
    cache->said = true;
    timer_set (cache);
}

/* Ends it from our side; hiredis answers what is under way. */
static void give_up (struct cache *cache, const char *why)
{
    redisAsyncContext *context = cache->context;

    cache->context = NULL;
    cache->state = AWAY;
    if (context) {
        context->data = NULL; /* its callbacks have nobody to tell */
        redisAsyncFree (context);
    }
    lost (cache, why);
}

/* hiredis frees the context itself once this returns. */
static void on_end (const redisAsyncContext *context, int status)
{
    struct cache *cache = context->data;

    (void) status;
    if (cache)
        lost (cache, context->errstr && *context->errstr ? context->errstr : "closed");
}

static void on_connect (const redisAsyncContext *context, int status)
{
    struct cache *cache = context->data;

    if (!cache)
        return;
    if (status != REDIS_OK) { /* err may be 0 here; the context goes behind this call */
        lost (cache, "no connection");
        return;
    }
    cache->state = HERE;
    timer_set (cache);
    /* a listening socket connects though its process is stopped: it is back when it answers */
    ask (cache, "return 1", view_of ("aduan:here"), view_of (""), 1, (struct asked){0});
}

/* Questions whose time is over; timers go before descriptors, so what has come while this process slept is read first. */
static void deadlines_look (struct cache *cache)
{
    int64_t now = mono_ms ();
    struct asked *asked;

    answers_read (cache);
    if (cache->state != HERE)
        return;
    if (cache->asked && now - cache->asked->since >= CACHE_SILENT_MS) {
        give_up (cache, "no answer in time");
        return;
    }
    DL_FOREACH (cache->asked, asked)
        if (!asked->over && now - asked->since >= CACHE_ANSWER_MS) {
            cache->late++;
            answer (asked, -1, (struct view){0});
        }
    timer_set (cache);
}

static void at_timer (void *owner)
{
    struct cache *cache = owner;

    if (cache->state == AWAY)
        connect_start (cache);
    else if (cache->state == CONNECTING)
        give_up (cache, "no connection in time");
    else
        deadlines_look (cache);
}

/* ---- hiredis in the reactor ---------------------------------------------------------------------- */

static void on_ready (void *owner, int events)
{
    struct cache *cache = owner;

    if (cache->context && events & REACTOR_READ)
        answers_read (cache);
    if (cache->context && events & REACTOR_WRITE)
        redisAsyncHandleWrite (cache->context);
}

static void want (struct cache *cache, int events)
{
    cache->events = events;
    if (cache->source)
        reactor_want (cache->source, events);
}

static void read_begin (void *owner)
{
    want (owner, ((struct cache *) owner)->events | REACTOR_READ);
}

static void read_end (void *owner)
{
    want (owner, ((struct cache *) owner)->events & ~REACTOR_READ);
}

static void write_begin (void *owner)
{
    want (owner, ((struct cache *) owner)->events | REACTOR_WRITE);
}

static void write_end (void *owner)
{
    want (owner, ((struct cache *) owner)->events & ~REACTOR_WRITE);
}

static void cleanup (void *owner)
{
    struct cache *cache = owner;
    reactor_forget (&cache->source);
}

/* "tcp://127.0.0.1:6379" into address and port. */
static bool tcp_split (const char *where, char address[64], int *ret_port)
{
    bool tcp = strncmp (where, WHERE_TCP, strlen (WHERE_TCP)) == 0;
    const char *from = tcp ? where + strlen (WHERE_TCP) : "", *colon = strrchr (from, ':');
    char *end;

    if (!colon || colon == from || colon - from >= 64)
        return false;
    long port = strtol (colon + 1, &end, 10);
    snprintf (address, 64, "%.*s", (int) (colon - from), from);
    *ret_port = (int) port;
    return end != colon + 1 && !*end && port > 0 && port < 65536 &&
           strspn (address, "0123456789.") == strlen (address);
}

bool cache_where_valid (const char *where)
{
    char address[64];
    int port;

    if (strncmp (where, WHERE_UNIX, strlen (WHERE_UNIX)) == 0)
        return where[strlen (WHERE_UNIX)] == '/';
    return !*where || tcp_split (where, address, &port);
}

static void connect_start (struct cache *cache)
{
    char address[64];
    int port;
    redisAsyncContext *context = tcp_split (cache->where, address, &port)
                                     ? redisAsyncConnect (address, port)
                                     : redisAsyncConnectUnix (cache->where + strlen (WHERE_UNIX));

    cache->since = mono_ms ();
    if (!context || context->err) {
        if (context)
            redisAsyncFree (context);
        lost (cache, "no connection");
        return;
    }
    cache->context = context;
    cache->state = CONNECTING;
    cache->events = 0;
    context->data = cache;
    context->ev.data = cache;
    context->ev.addRead = read_begin;
    context->ev.delRead = read_end;
    context->ev.addWrite = write_begin;
    context->ev.delWrite = write_end;
    context->ev.cleanup = cleanup;
    cache->source = reactor_fd (cache->reactor, context->c.fd, 0, on_ready, cache);
    redisAsyncSetDisconnectCallback (context, on_end);
    redisAsyncSetConnectCallback (context, on_connect); /* asks for the write event */
    timer_set (cache);
}

struct cache *cache_new (struct reactor *reactor, const char *where)
{
    struct cache *cache = xcalloc (1, sizeof *cache);

    cache->reactor = reactor;
    cache->where = xstrdup (where ? where : "");
    cache->timer = reactor_timer (reactor, 0, at_timer, cache);
    check (cache_where_valid (cache->where));
    if (*cache
             ->where) /* from the first turn on: deadlines do not count how long a program takes to start */
        reactor_timer_at (cache->timer, mono_ms ());
    return cache;
}

void cache_free (struct cache **held)
{
    struct cache *cache = *held;

    if (!cache)
        return;
    *held = NULL;
    if (cache->context) {
        cache->context->data = NULL;
        redisAsyncFree (cache->context);
    }
    check (!cache->asked);
    reactor_forget (&cache->source);
    reactor_timer_forget (&cache->timer);
    free (cache->where);
    free (cache);
}

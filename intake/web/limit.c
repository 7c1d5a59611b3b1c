/* limit.c - counters of this process, in a table of fixed size, and those of all web doors beside them.
 *
 *     a count -> the place of (limit, who, window) -> Redis: INCRBY -> what all have counted -> the same place
 */
#include "limit.h"
#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include "cache/day.h"
#include "repeat.h"
#include "web.h"

#define SETS         4096 /* 32,768 counters at once */
#define WAYS         8
#define DAY_MS       86400000
#define KIB          ((size_t) 1 << 10)
#define MIB          ((size_t) 1 << 20)
#define KEY_EVERY    10000  /* the day's key is said again: Redis may have been emptied */
#define EARLY_MS     600000 /* tomorrow's is drawn so long before it is needed */
#define PREFIX       "aduan:limit:"
#define PHONE_DIGITS 9 /* +62 812 3456 7890 and 0812-3456-7890 are one */

struct counter {
    uint8_t who[LIMIT_HASH]; /* under the process's key */
    int64_t end;             /* wall_ms; 0: the place is free */
    uint32_t here;           /* what this process has counted */
    uint32_t all;            /* what is known of all */
    int32_t asked; /* of `here`, what Redis has not said yes to; below 0: of what was given back */
    int32_t owed;  /* given back while nobody could be told: goes with the next question */
    uint32_t born; /* of whose place it is now: questions of an earlier one are none of its */
};

/* Who has large bodies under way. */
struct sender {
    uint8_t who[LIMIT_HASH];
    unsigned bodies;
    UT_hash_handle hh;
};

struct limits {
    struct web *web;
    struct cache *cache;
    struct timer *timer;
    bool proxy;
    uint32_t most[LIMITS], bodies;
    uint8_t key[crypto_generichash_KEYBYTES]; /* of this process */
    struct day_key days[2];                   /* today's and tomorrow's, by day % 2 */
    struct sender *senders;
    uint32_t flood; /* the highest count of one text in that hour */
    int64_t flood_hour;
    uint32_t births;
    struct counter sets[SETS][WAYS];
};

static const int64_t windows[LIMITS] = {
#define LIMIT(name, window, setting, usual, help) [LIMIT_##name] = (window),
#include "limit.def"
    [LIMIT_token_minute] = 60000,
    [LIMIT_token_day] = DAY_MS,
    [LIMIT_help] = 3600000,
};

/* ---- counters ------------------------------------------------------------------------------------ */

static void hash (const uint8_t key[crypto_generichash_KEYBYTES], enum limit limit, int64_t window,
                  struct view who, uint8_t ret[LIMIT_HASH])
{
    crypto_generichash_state state;
    uint8_t head[9] = {(uint8_t) limit};

    for (unsigned i = 0; i < 8; i++)
        head[1 + i] = (uint8_t) ((uint64_t) window >> (8 * i));
    crypto_generichash_init (&state, key, crypto_generichash_KEYBYTES, LIMIT_HASH);
    crypto_generichash_update (&state, head, sizeof head);
    crypto_generichash_update (&state, (const uint8_t *) who.at, who.len);
    crypto_generichash_final (&state, ret, LIMIT_HASH);
}

/* The place of a counter; a new one takes that of whichever ends first of a few. */
static struct counter *counter_of (struct limits *limits, enum limit limit, struct view who)
{
    int64_t now = wall_ms (), window = now / windows[limit];
    uint8_t name[LIMIT_HASH];
    struct counter *set, *free_one;

    hash (limits->key, limit, window, who, name);
    set = limits->sets[(unsigned) (name[0] << 8 | name[1]) % SETS];
    free_one = set;
    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].end > now && memcmp (set[i].who, name, sizeof name) == 0)
            return &set[i];
        if (set[i].end < free_one->end)
            free_one = &set[i];
    }
    metric_add (web_limits_forgotten_total, free_one->end > now);
    *free_one = (struct counter){.end = (window + 1) * windows[limit], .born = ++limits->births};
    memcpy (free_one->who, name, sizeof name);
    return free_one;
}

static uint32_t counted (const struct counter *counter)
{
    return counter->all > counter->here ? counter->all : counter->here;
}

/* ---- what all web doors have counted -------------------------------------------------------------- */

/* A question on its way: whose counter, and who waits for it. */
struct question {
    struct limits *limits;
    uint8_t who[LIMIT_HASH];
    uint32_t born;
    int32_t count;
    struct meeting *meeting;
};

struct meeting {
    struct visit *visit;
    void (*then) (struct visit *visit);
    unsigned waits;
};

static void meeting_came (struct meeting *meeting)
{
    if (!meeting || --meeting->waits)
        return;
    struct meeting over = *meeting;
    free (meeting);
    over.then (over.visit);
}

static void on_total (void *with, int64_t total)
{
    struct question *question = with;
    const uint8_t *who = question->who;
    struct counter *set = question->limits->sets[(unsigned) (who[0] << 8 | who[1]) % SETS];

    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].end && set[i].born == question->born &&
            memcmp (set[i].who, who, LIMIT_HASH) == 0) {
            set[i].asked -= question->count;
            int64_t all = total + set[i].asked - set[i].owed;
            if (total >= 0 && all <= UINT32_MAX)
                set[i].all = all > 0 ? (uint32_t) all : 0;
        }
    meeting_came (question->meeting);
    free (question);
}

/* Is the key of its day known, under which all doors count? */
static bool key_is_shared (const struct limits *limits, int64_t now)
{
    const struct day_key *day = &limits->days[now / DAY_MS % 2];
    return day->shared && day->day == now / DAY_MS;
}

static void tell (struct limits *limits, const uint8_t shared[LIMIT_HASH], struct counter *counter,
                  int32_t count, struct meeting *meeting)
{
    char key[sizeof PREFIX - 1 + LIMIT_HASH] = PREFIX;
    struct question *question = xcalloc (1, sizeof *question);

    count -= counter->owed;
    counter->owed = 0;
    memcpy (key + sizeof PREFIX - 1, shared, LIMIT_HASH);
    *question = (struct question){
        .limits = limits, .born = counter->born, .count = count, .meeting = meeting};
    memcpy (question->who, counter->who, LIMIT_HASH);
    counter->asked += count;
    cache_count (limits->cache, (struct view){key, sizeof key}, count,
                 counter->end - wall_ms () + 1000, on_total, question);
}

/* Tells all of a count, and returns whether it did; then *ret is its name there, and the meeting, where there is one, is
 * joined by the answer. */
static bool share (struct limits *limits, enum limit limit, struct view who,
                   struct counter *counter, int32_t count, struct meeting *meeting,
                   uint8_t ret[LIMIT_HASH])
{
    int64_t now = wall_ms ();

    if (!key_is_shared (limits, now) || !cache_is_up (limits->cache))
        return false;
    hash (limits->days[now / DAY_MS % 2].key, limit, now / windows[limit], who, ret);
    tell (limits, ret, counter, count, meeting);
    return true;
}

/* The day's key, which every web door tells Redis until it has one: whichever was first. */
static void day_look (struct limits *limits, int64_t number)
{
    day_key_look (limits->cache, &limits->days[number % 2], "aduan:day", number,
                  (number + 1) * DAY_MS);
}

static void at_timer (void *owner)
{
    struct limits *limits = owner;
    int64_t now = wall_ms (), today = now / DAY_MS;

    day_look (limits, today);
    if ((now + EARLY_MS) / DAY_MS != today)
        day_look (limits, today + 1);
    reactor_timer_at (limits->timer,
                      mono_ms () + (limits_shared (limits) ? KEY_EVERY : KEY_EVERY / 40));
}

/* ---- counting ------------------------------------------------------------------------------------- */

static void add (struct limits *limits, enum limit limit, struct view who, struct counter *counter,
                 uint32_t count, struct tally *tally)
{
    uint8_t shared[LIMIT_HASH] = {0};

    counter->here += count;
    counter->all += count;
    bool is_shared = share (limits, limit, who, counter, (int32_t) count, NULL, shared);
    if (!tally)
        return;
    check (tally->count < TALLY_MOST);
    tally->at[tally->count].count = count;
    tally->at[tally->count].end = counter->end;
    tally->at[tally->count].is_shared = is_shared;
    memcpy (tally->at[tally->count].who, counter->who, LIMIT_HASH);
    memcpy (tally->at[tally->count++].shared, shared, LIMIT_HASH);
}

void tally_stands (struct tally *tally)
{
    tally->count = 0;
}

void tally_back (struct limits *limits, struct tally *tally)
{
    for (; tally->count; tally->count--) {
        const uint8_t *who = tally->at[tally->count - 1].who;
        uint32_t count = tally->at[tally->count - 1].count;
        struct counter *set = limits->sets[(unsigned) (who[0] << 8 | who[1]) % SETS];

        for (unsigned i = 0; i < WAYS; i++) {
            if (set[i].end <= wall_ms () || set[i].here < count ||
                memcmp (set[i].who, who, LIMIT_HASH) != 0)
                continue;
            set[i].here -= count;
            set[i].all -= set[i].all < count ? set[i].all : count;
            if (!count || !tally->at[tally->count - 1].is_shared)
                continue;
            set[i].owed += (int32_t) count;
            if (cache_is_up (limits->cache))
                tell (limits, tally->at[tally->count - 1].shared, &set[i], 0, NULL);
        }
    }
}

/* `count` more, or none of them. */
static int64_t take (struct limits *limits, enum limit limit, struct view who, uint32_t most,
                     uint32_t count, struct tally *tally)
{
    struct counter *counter = counter_of (limits, limit, who);

    if (counted (counter) >= most || count > most - counted (counter)) {
        metric_add (web_limited_total, 1);
        int64_t wait = counter->end - wall_ms ();
        return wait > 0 ? wait : 1;
    }
    add (limits, limit, who, counter, count, tally);
    return 0;
}

int64_t limit_take_of (struct limits *limits, enum limit limit, struct view who, uint32_t most,
                       struct tally *tally)
{
    return take (limits, limit, who, most, 1, tally);
}

int64_t limit_take (struct limits *limits, enum limit limit, struct view who, struct tally *tally)
{
    uint32_t most = limits->most[limit];
    return most ? limit_take_of (limits, limit, who, most, tally) : 0;
}

uint32_t limit_count (struct limits *limits, enum limit limit, struct view who, struct tally *tally)
{
    struct counter *counter = counter_of (limits, limit, who);

    add (limits, limit, who, counter, 1, tally);
    return counted (counter);
}

uint32_t limit_most (const struct limits *limits, enum limit limit)
{
    return limits->most[limit];
}

bool limit_flood (struct limits *limits, struct view text, struct tally *tally)
{
    struct buffer words = {0};
    int64_t hour = wall_ms () / windows[LIMIT_text];
    uint32_t count, most = limits->most[LIMIT_text];

    if (!most || !text.len || !utf8_valid (text.at, text.len))
        return false;
    words_normal (text, &words);
    count = limit_count (limits, LIMIT_text, (struct view){words.at, words.len}, tally);
    buffer_free (&words);
    if (limits->flood_hour != hour)
        limits->flood = 0;
    limits->flood_hour = hour;
    limits->flood = count > limits->flood ? count : limits->flood;
    return count >= most;
}

uint32_t limits_flood (const struct limits *limits)
{
    return limits->flood_hour == wall_ms () / windows[LIMIT_text] ? limits->flood : 0;
}

/* ---- a visit's source ------------------------------------------------------------------------------ */

static struct view source_of (struct visit *visit)
{
    if (!visit->has_source)
        visit->source = http_source_of (visit->request, visit->web->limits->proxy);
    visit->has_source = true;
    return (struct view){(const char *) visit->source.at, sizeof visit->source.at};
}

void limit_meet (struct visit *visit, void (*then) (struct visit *visit))
{
    static const enum limit of_source[] = {LIMIT_read,          LIMIT_report_hour,
                                           LIMIT_report_minute, LIMIT_code_source,
                                           LIMIT_doubt,         LIMIT_upload};
    struct limits *limits = visit->web->limits;
    struct view source = source_of (visit);
    struct meeting *meeting = xcalloc (1, sizeof *meeting);
    bool reads = http_method (visit->request) <= HTTP_HEAD;
    uint8_t name[LIMIT_HASH];

    *meeting = (struct meeting){.visit = visit, .then = then, .waits = 1};
    for (size_t i = 0; i < (reads ? 1 : array_len (of_source)); i++) {
        if (!limits->most[of_source[i]])
            continue;
        meeting->waits++;
        if (!share (limits, of_source[i], source, counter_of (limits, of_source[i], source), 0,
                    meeting, name))
            meeting->waits--;
    }
    meeting_came (meeting);
}

int64_t limit_read (struct visit *visit)
{
    return limit_take (visit->web->limits, LIMIT_read, source_of (visit), NULL);
}

int64_t limit_report (struct visit *visit)
{
    struct limits *limits = visit->web->limits;
    int64_t minute = limit_take (limits, LIMIT_report_minute, source_of (visit), NULL);
    return minute ? minute : limit_take (limits, LIMIT_report_hour, source_of (visit), NULL);
}

bool limit_doubted (struct visit *visit)
{
    struct limits *limits = visit->web->limits;
    uint32_t most = limits->most[LIMIT_doubt];
    return most && limit_count (limits, LIMIT_doubt, source_of (visit), &visit->tally) > most;
}

static uint32_t units_of (size_t bytes, size_t unit)
{
    return (uint32_t) ((bytes + unit - 1) / unit);
}

int64_t limit_upload (struct visit *visit, size_t bytes)
{
    struct limits *limits = visit->web->limits;
    uint32_t most = limits->most[LIMIT_upload];

    visit->upload_unit = MIB;
    return most ? take (limits, LIMIT_upload, source_of (visit), most, units_of (bytes, MIB),
                        &visit->upload)
                : 0;
}

int64_t limit_upload_token (struct visit *visit, struct view token, size_t bytes)
{
    struct limits *limits = visit->web->limits;
    uint64_t most = limits->most[LIMIT_upload_token] * (uint64_t) (MIB / KIB);

    visit->upload_unit = KIB;
    return most ? take (limits, LIMIT_upload_token, token,
                        most < UINT32_MAX ? (uint32_t) most : UINT32_MAX, units_of (bytes, KIB),
                        &visit->upload)
                : 0;
}

void limit_upload_over (struct visit *visit)
{
    if (!visit->upload.count)
        return;
    uint32_t *count = &visit->upload.at[0].count,
             came = units_of (http_body_came (visit->request), visit->upload_unit);

    *count -= came < *count ? came : *count;
    tally_back (visit->web->limits, &visit->upload);
}

/* By the process's hash, of no window. */
static struct sender *sender_of (struct limits *limits, struct visit *visit,
                                 uint8_t who[LIMIT_HASH])
{
    struct sender *sender;

    hash (limits->key, LIMITS, 0, source_of (visit), who);
    HASH_FIND (hh, limits->senders, who, LIMIT_HASH, sender);
    return sender;
}

bool limit_body (struct visit *visit)
{
    struct limits *limits = visit->web->limits;
    uint8_t who[LIMIT_HASH];
    struct sender *sender = sender_of (limits, visit, who);

    if (sender && limits->bodies && sender->bodies >= limits->bodies) {
        metric_add (web_limited_total, 1);
        return false;
    }
    if (!sender) {
        sender = xcalloc (1, sizeof *sender);
        memcpy (sender->who, who, LIMIT_HASH);
        HASH_ADD (hh, limits->senders, who, LIMIT_HASH, sender);
    }
    sender->bodies++;
    return true;
}

void limit_body_over (struct visit *visit)
{
    struct limits *limits = visit->web->limits;
    uint8_t who[LIMIT_HASH];
    struct sender *sender = sender_of (limits, visit, who);

    check (sender && sender->bodies);
    if (--sender->bodies)
        return;
    HASH_DELETE (hh, limits->senders, sender);
    free (sender);
}

/* ---- access codes, addresses for news --------------------------------------------------------------- */

int64_t limit_code_wrong (struct visit *visit)
{
    metric_add (web_codes_wrong_total, 1);
    return limit_take (visit->web->limits, LIMIT_code_source, source_of (visit), NULL);
}

/* Of a mail address neither case nor what stands behind a plus makes another mailbox; of a number its last digits are it, however
 * its country is written. */
static void contact_normal (const char *kind, const char *address, struct buffer *out)
{
    bool mail = strcmp (kind, "email") == 0;
    const char *at = mail ? strchr (address, '@') : NULL;

    for (const char *sign = address; *sign; sign++) {
        if (at && *sign == '+' && sign < at)
            sign = at;
        if (mail || isdigit ((unsigned char) *sign))
            buffer_add (out, &(char){(char) tolower ((unsigned char) *sign)}, 1);
    }
}

bool limit_contact (struct limits *limits, const char *kind, const char *address,
                    struct tally *tally)
{
    struct buffer normal = {0};

    contact_normal (kind, address, &normal);
    size_t beyond =
        strcmp (kind, "email") != 0 && normal.len > PHONE_DIGITS ? normal.len - PHONE_DIGITS : 0;
    bool more = normal.len &&
                limit_take (limits, LIMIT_contact,
                            (struct view){normal.at + beyond, normal.len - beyond}, tally) > 0;
    if (normal.len)
        sodium_memzero (normal.at, normal.len);
    buffer_free (&normal);
    metric_add (web_quiet_total, more);
    return more;
}

/* ---- start and stop -------------------------------------------------------------------------------- */

bool limits_right (const struct settings *settings)
{
    return cache_where_valid (settings_text (settings, "redis")) ||
           settings_refuse (settings, "redis", "unix:/PATH or tcp://ADDRESS:PORT");
}

uint64_t limits_late (const struct limits *limits)
{
    return cache_late (limits->cache);
}

bool limits_shared (const struct limits *limits)
{
    return key_is_shared (limits, wall_ms ()) && cache_is_up (limits->cache);
}

struct limits *limits_new (struct web *web, const struct settings *settings)
{
    struct limits *limits = xcalloc (1, sizeof *limits);

    limits->web = web;
    limits->proxy = settings_flag (settings, "tls") || settings_flag (settings, "forwarded");
    limits->bodies = (uint32_t) settings_number (settings, "limit.bodies");
#define LIMIT(name, window, setting, usual, help)                                                  \
    limits->most[LIMIT_##name] = (uint32_t) settings_number (settings, setting);
#include "limit.def"
    randombytes_buf (limits->key, sizeof limits->key);
    limits->cache = cache_new (web->reactor, settings_text (settings, "redis"));
    limits->timer = reactor_timer (web->reactor, mono_ms (), at_timer, limits);
    return limits;
}

void limits_stop (struct limits *limits)
{
    if (!limits)
        return;
    cache_free (&limits->cache);
    limits->cache = cache_new (limits->web->reactor, NULL);
}

void limits_free (struct limits **held)
{
    struct limits *limits = *held;

    if (!limits)
        return;
    *held = NULL;
    cache_free (&limits->cache);
    reactor_timer_forget (&limits->timer);
    check (!limits->senders);
    sodium_memzero (limits->key, sizeof limits->key);
    sodium_memzero (limits->days, sizeof limits->days);
    free (limits);
}

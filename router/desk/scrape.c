/* scrape.c - the metrics of every program of this host, on one page for Prometheus.
 *
 *   fetched -> ASKING every program, at once -> each answers, or `metrics.wait` is over -> ANSWERED
 *
 * A fetch is always answered, and within that time: whoever has not answered is left out, with program_up 0.  Nothing is
 * kept between two fetches, so that no number is older than its page.
 *
 * The pages are put together by name, as the form wants it, each value with the label `program`; what a program says of a metric
 * that the desk does not know, being newer, stands there as well.
 */
#include "scrape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include "base/log.h"
#include "base/metric.h"
#include "daemon/link.h"
#include "http/http.h"

#define PROGRAMS_MOST 16
#define FETCHES_MOST  16    /* connections */
#define AGAIN_MS      10000 /* until the door is tried again */
#define OWN           "desk"
#define PLAIN         "text/plain; version=0.0.4; charset=utf-8"
#define OPEN          "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct program {
    char *name;
    struct aduan *aduan; /* to its control socket; NULL: it has no right name */
};

struct scraper {
    struct reactor *reactor;
    struct http_server *server; /* NULL: the door is not open */
    struct timer *again;
    char *door;
    bool said;  /* that it cannot be opened */
    bool quiet; /* it is not opened any more */
    int64_t wait_ms;
    struct program programs[PROGRAMS_MOST];
    size_t count;
    scrape_own_fn *own;
    void *owner;
};

struct fetch;
struct asked {
    struct fetch *fetch;
    const char *program;
    char *page; /* NULL: none */
    size_t len;
    int64_t took_ms;
};

struct fetch {
    struct scraper *scraper;
    struct http_request *request;
    bool open; /* OpenMetrics */
    int64_t began;
    size_t waits;
    struct asked asked[PROGRAMS_MOST];
};

/* ---- pages into one -------------------------------------------------------------------------- */

/* A name with its help and type, as the first program says them, and the values of all. */
struct family {
    char *name;
    struct view help, type; /* in a page */
    struct buffer values;
    UT_hash_handle hh;
};

static struct family *family_of (struct family **families, const char *name, size_t len)
{
    struct family *family;

    HASH_FIND (hh, *families, name, len, family);
    if (family)
        return family;
    family = xcalloc (1, sizeof *family);
    family->name = xstrndup (name, len);
    HASH_ADD_KEYPTR (hh, *families, family->name, len, family);
    return family;
}

/* "NAME{labels} value" of a program. */
static void add_value (struct family *family, const char *program, struct view line)
{
    size_t name = 0;

    while (name < line.len && line.at[name] != '{' && line.at[name] != ' ')
        name++;
    bool labels = name < line.len && line.at[name] == '{';
    buffer_add (&family->values, line.at, name);
    buffer_format (&family->values, "{program=\"%s\"%s", program, labels ? "," : "}");
    name += labels;
    buffer_add (&family->values, line.at + name, line.len - name);
    buffer_add (&family->values, "\n", 1);
}

/* Behind "# HELP " or "# TYPE ": name and words. */
static struct family *add_words (struct family **families, struct view line)
{
    static const size_t mark = sizeof "# HELP " - 1;
    const char *name = line.at + mark, *end = line.at + line.len,
               *blank = memchr (name, ' ', (size_t) (end - name));
    if (!blank)
        return NULL;
    struct family *family = family_of (families, name, (size_t) (blank - name));
    struct view *words = line.at[2] == 'H' ? &family->help : &family->type;
    if (!words->at)
        *words = (struct view){blank + 1, (size_t) (end - blank - 1)};
    return family;
}

static void add_page (struct family **families, const char *program, struct view page)
{
    const char *end = page.at + page.len;
    struct family *family = NULL;

    for (const char *at = page.at, *next; at < end; at = next + 1) {
        next = memchr (at, '\n', (size_t) (end - at));
        if (!next)
            return; /* cut off */
        struct view line = {at, (size_t) (next - at)};
        if (line.len > 7 && (memcmp (at, "# HELP ", 7) == 0 || memcmp (at, "# TYPE ", 7) == 0))
            family = add_words (families, line);
        else if (line.len && *at != '#' && family)
            add_value (family, program, line);
    }
}

static void put_family (struct buffer *out, const struct family *family, bool open)
{
    size_t len = strlen (family->name);
    static const char total[] = "_total";

    /* OpenMetrics calls a counter by its name without the end of its values' names */
    if (open && len >= sizeof total && strcmp (family->name + len - (sizeof total - 1), total) == 0)
        len -= sizeof total - 1;
    buffer_format (out, "# HELP %.*s %.*s\n# TYPE %.*s %.*s\n", (int) len, family->name,
                   (int) family->help.len, family->help.at ? family->help.at : "", (int) len,
                   family->name, (int) family->type.len, family->type.at ? family->type.at : "");
    buffer_add (out, family->values.at, family->values.len);
}

static void add_up (struct family **families, const char *program, bool up, int64_t took_ms)
{
    static const char up_name[] = "aduan_program_up", took_name[] = "aduan_program_scrape_seconds";
    struct family *one = family_of (families, up_name, sizeof up_name - 1),
                  *other = family_of (families, took_name, sizeof took_name - 1);

    buffer_format (&one->values, "%s{program=\"%s\"} %d\n", up_name, program, up);
    if (up)
        buffer_format (&other->values, "%s{program=\"%s\"} %lld.%03lld\n", took_name, program,
                       (long long) took_ms / 1000, (long long) took_ms % 1000);
}

static void put_all (const struct fetch *fetch, struct buffer *out)
{
    const struct scraper *scraper = fetch->scraper;
    struct family *families = NULL, *family, *next;
    struct buffer own = {0};

    scraper->own (scraper->owner, &own); /* has help and type of what is added here */
    add_page (&families, OWN, (struct view){own.at, own.len});
    add_up (&families, OWN, true, 0);
    for (size_t i = 0; i < scraper->count; i++) {
        const struct asked *asked = &fetch->asked[i];
        add_up (&families, asked->program, asked->page != NULL, asked->took_ms);
        if (asked->page)
            add_page (&families, asked->program, (struct view){asked->page, asked->len});
    }
    HASH_ITER (hh, families, family, next) {
        if (family->type.at)
            put_family (out, family, fetch->open);
        HASH_DEL (families, family);
        buffer_free (&family->values);
        free (family->name);
        free (family);
    }
    if (fetch->open)
        buffer_format (out, "# EOF\n");
    buffer_free (&own);
}

/* ---- a fetch ----------------------------------------------------------------------------------- */

static void fetch_answer (struct fetch *fetch)
{
    struct buffer out = {0};

    put_all (fetch, &out);
    http_say (fetch->request, "Cache-Control", "no-store");
    http_answer (fetch->request, 200, fetch->open ? OPEN : PLAIN, out.at, out.len);
    buffer_free (&out);
    for (size_t i = 0; i < fetch->scraper->count; i++)
        free (fetch->asked[i].page);
    free (fetch);
}

static void on_page (void *with, const struct aduan_answer *answer)
{
    struct asked *asked = with;
    struct fetch *fetch = asked->fetch;

    if (answer->result == ADUAN_DONE) {
        asked->page = xstrndup (answer->text, answer->text_len);
        asked->len = answer->text_len;
        asked->took_ms = mono_ms () - fetch->began;
    }
    if (--fetch->waits == 0)
        fetch_answer (fetch);
}

static void fetch_begin (struct scraper *scraper, struct http_request *request)
{
    struct fetch *fetch = xcalloc (1, sizeof *fetch);
    const char *accept = http_header (request, "Accept");

    fetch->scraper = scraper;
    fetch->request = request;
    fetch->open = accept && strstr (accept, "application/openmetrics-text");
    fetch->began = mono_ms ();
    fetch->waits = 1; /* ours, until all are asked */
    for (size_t i = 0; i < scraper->count; i++) {
        fetch->asked[i] = (struct asked){.fetch = fetch, .program = scraper->programs[i].name};
        fetch->waits++;
        aduan_ask_start (scraper->programs[i].aduan, "metrics", NULL, scraper->wait_ms, on_page,
                         &fetch->asked[i]);
    }
    if (--fetch->waits == 0)
        fetch_answer (fetch);
}

static void say (struct http_request *request, unsigned status, const char *words)
{
    http_answer (request, status, "text/plain; charset=utf-8", words, strlen (words));
}

static void on_request (void *owner, struct http_request *request)
{
    enum http_method method = http_method (request);

    if (strcmp (http_path (request), "/metrics") != 0) {
        say (request, 404, "there is nothing but /metrics\n");
    } else if (method != HTTP_GET && method != HTTP_HEAD) {
        http_say (request, "Allow", "GET, HEAD");
        say (request, 405, "GET or HEAD\n");
    } else {
        fetch_begin (owner, request);
    }
}

static size_t on_limit (void *owner, enum http_method method, const char *path, bool *ret_sinks)
{
    (void) owner;
    (void) method;
    (void) path;
    (void) ret_sinks;
    return 0;
}

static void on_refuse (void *owner, struct http_request *request, unsigned status)
{
    (void) owner;
    say (request, status, "GET /metrics, without a body\n");
}

/* ---- the door ---------------------------------------------------------------------------------- */

static void open_door (void *owner)
{
    struct scraper *scraper = owner;

    if (scraper->quiet)
        return;
    if (http_listen (
            scraper->reactor,
            &(struct http_options){.door = scraper->door,
                                   .connections = FETCHES_MOST,
                                   .idle_ms = 90000,
                                   .pace = {.header_ms = 10000, .grace_ms = 10000, .rate = 65536},
                                   .small = 1024,
                                   .bodies = 65536,
                                   .limit = on_limit,
                                   .refuse = on_refuse,
                                   .handle = on_request,
                                   .owner = scraper},
            &scraper->server) == 0) {
        if (scraper->said)
            log_info ("metrics.door: %s is listened on", scraper->door);
        return;
    }
    if (!scraper->said)
        log_warning ("metrics.door: %s cannot be listened on: %s; tried again, until then nobody "
                     "fetches metrics there (ss -ltnp shows who has the port)",
                     scraper->door, strerrordesc_np (errno));
    scraper->said = true;
    reactor_timer_at (scraper->again, mono_ms () + AGAIN_MS);
}

static char *socket_of (const struct settings *settings, const char *program)
{
    return xformat ("ipc://%s/%s.ctl", settings_text (settings, "run"), program);
}

static bool is_name (const char *word)
{
    return strspn (word, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen (word);
}

/* Twice the same value on a page, and Prometheus takes nothing of it. */
static bool is_new (const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp (words[i], word) == 0)
            return false;
    return true;
}

bool scrape_settings_right (const struct settings *settings)
{
    char *list = xstrdup (settings_text (settings, "metrics.programs")), *save = NULL;
    const char *words[PROGRAMS_MOST + 1] = {OWN};
    size_t count = 1;
    bool right = true;

    for (char *word = strtok_r (list, " ,", &save); word && right;
         word = strtok_r (NULL, " ,", &save)) {
        char *endpoint = socket_of (settings, word);
        right = count <= PROGRAMS_MOST && is_name (word) && is_new (word, words, count) &&
                link_endpoint_right (endpoint);
        if (right)
            words[count++] = word;
        free (endpoint);
    }
    free (list);
    if (!right)
        settings_refuse (settings, "metrics.programs",
                         "names of at most 16 programs other than desk, each once, blanks between");
    return (!*settings_text (settings, "metrics.door") ||
            settings_door (settings, "metrics.door")) &&
           right;
}

static void add_programs (struct scraper *scraper, struct aduan_loop *loop,
                          const struct settings *settings)
{
    char *list = xstrdup (settings_text (settings, "metrics.programs")), *save = NULL;

    for (char *word = strtok_r (list, " ,", &save); word; word = strtok_r (NULL, " ,", &save)) {
        struct program *program = &scraper->programs[scraper->count];
        char *endpoint = socket_of (settings, word);
        struct aduan_options options = {.loop = loop, .name = OWN, .query = endpoint};
        if (aduan_open (&options, &program->aduan) == 0) {
            program->name = xstrdup (word);
            scraper->count++;
        } else {
            log_error ("metrics.programs: %s: %s", word, aduan_problem ());
        }
        free (endpoint);
    }
    free (list);
}

struct scraper *scraper_new (struct reactor *reactor, struct aduan_loop *loop,
                             const struct settings *settings, scrape_own_fn *own, void *owner)
{
    struct scraper *scraper = xcalloc (1, sizeof *scraper);

    scraper->reactor = reactor;
    scraper->door = xstrdup (settings_text (settings, "metrics.door"));
    scraper->wait_ms = settings_number (settings, "metrics.wait");
    scraper->own = own;
    scraper->owner = owner;
    scraper->again = reactor_timer (reactor, 0, open_door, scraper);
    if (*scraper->door) {
        add_programs (scraper, loop, settings);
        open_door (scraper);
    }
    return scraper;
}

bool scraper_quiet (struct scraper *scraper)
{
    if (!scraper->quiet && scraper->server)
        http_quiet (scraper->server);
    scraper->quiet = true;
    return !scraper->server || http_unanswered (scraper->server) == 0;
}

uint16_t scraper_port (const struct scraper *scraper)
{
    return scraper->server ? http_port (scraper->server) : 0;
}

void scraper_free (struct scraper **held)
{
    struct scraper *scraper = *held;

    if (!scraper)
        return;
    *held = NULL;
    for (size_t i = 0; i < scraper->count; i++)
        aduan_close (&scraper->programs[i].aduan); /* ends what is asked, so that it is answered */
    for (size_t i = 0; i < scraper->count; i++)
        free (scraper->programs[i].name); /* an answer names all of them */
    http_close (&scraper->server);
    reactor_timer_forget (&scraper->again);
    free (scraper->door);
    free (scraper);
}

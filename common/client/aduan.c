/* aduan.c - the loop and the handles on it: opening, connecting, dispatch, closing. */
#include "client/aduan.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "client/client.h"
#include "daemon/daemon.h"
#include "domain/number.h"

/* The public header repeats the codes of messages.def, so that it stands alone: here they are
 * compared.  A code that is missing there does not compile here. */
#define ASSERT_kind(value)       _Static_assert((int) ADUAN_##value == (int) value, #value);
#define ASSERT_channel(value)    ASSERT_kind (value)
#define ASSERT_class(value)      ASSERT_kind (value)
#define ASSERT_flag(value)       ASSERT_kind (value)
#define ASSERT_language(value)   ASSERT_kind (value)
#define ASSERT_priority(value)   ASSERT_kind (value)
#define ASSERT_doubt(value)      ASSERT_kind (value)
#define ASSERT_act(value)        ASSERT_kind (value)
#define ASSERT_hand_back(value)  ASSERT_kind (value)
#define ASSERT_resolution(value) ASSERT_kind (value)
#define ASSERT_ending(value)     ASSERT_kind (value)
#define ASSERT_part(value)       ASSERT_kind (value)
#define ASSERT_reason(value)     ASSERT_kind (value)
#define ASSERT_reject(value)     ASSERT_kind (value)
#define ASSERT_refusal(value)    ASSERT_kind (value)
#define ASSERT_verdict(value)    /* enum aduan_result */
#define ASSERT_busy(value)       /* the library's own affair, as all that follow */
#define ASSERT_mode(value)
#define ASSERT_outcome(value)
#define ASSERT_told(value)
#define ASSERT_why(value)
#define ASSERT_ask(value)
#define ASSERT_hook_fault(value)
#define ASSERT_snapshot(value)
#define ENUM(name)
#define VALUE(name, value, number, word, mean) ASSERT_##name (value)
#define END_ENUM(name)
#define MESSAGE(msg, number, class, route, meaning)
#define FIELD(msg, tag, name, kind, rule, limit, meaning)
#define END(msg)
#include "wire/messages.def"
_Static_assert(ADUAN_NUMBER_SIZE == NUMBER_LEN + 1, "number");
_Static_assert(ADUAN_CODE_SIZE == CODE_LEN + 1, "code");

const char *aduan_reject_word (uint32_t reject)
{
    return reject_word (reject);
}

const char *aduan_reason_word (uint32_t reason)
{
    return reason_word (reason);
}

const char *aduan_refusal_word (uint32_t refusal)
{
    return refusal_word (refusal);
}

const char *aduan_act_word (uint32_t act)
{
    return act_word (act);
}

const char *aduan_result_word (enum aduan_result result)
{
    static const char *const words[] = {
        [ADUAN_ACCEPTED] = "accepted", [ADUAN_REJECTED] = "rejected", [ADUAN_DONE] = "done",
        [ADUAN_STALE] = "stale",       [ADUAN_REFUSED] = "refused",   [ADUAN_UNKNOWN] = "unknown",
        [ADUAN_UNSENT] = "unsent",
    };
    return (size_t) result < array_len (words) && words[result] ? words[result] : "?";
}

struct view view_said (const char *text)
{
    return text && *text ? view_of (text) : (struct view){NULL, 0};
}

struct view view_sized (const void *at, size_t len)
{
    if (at && len == 0)
        len = strlen (at);
    return len ? (struct view){at, len} : (struct view){NULL, 0};
}

/* ---- the loop -------------------------------------------------------------------------------- */

static unsigned loops; /* with a reactor of their own: the last one ends the ZeroMQ context */

static struct aduan_loop *loop_make (struct reactor *reactor, bool own)
{
    struct aduan_loop *loop = xcalloc (1, sizeof *loop);
    check (sodium_init () >= 0);
    loop->reactor = reactor;
    loop->own_reactor = own;
    loop->timer = reactor_timer (reactor, 0, at_due, loop);
    loop->next_ref = 1;
    randombytes_buf (&loop->dice, sizeof loop->dice);
    loop->dice |= 1; /* the generator's one bad state is zero */
    return loop;
}

struct aduan_loop *aduan_loop_new (void)
{
    loops++;
    return loop_make (reactor_new (), true);
}

struct aduan_loop *client_loop_on (struct reactor *reactor)
{
    return loop_make (reactor, false);
}

struct reactor *client_reactor (struct aduan_loop *loop)
{
    return loop->reactor;
}

void aduan_loop_turn (struct aduan_loop *loop, int64_t wait_ms)
{
    check (loop->own_reactor && loop->depth == 0); /* never from a callback */
    loop->depth++;
    reactor_turn (loop->reactor, wait_ms);
    loop->depth--;
}

struct watch {
    int fd;
    struct source *source;
    void (*ready) (void *with);
    void *with;
    struct watch *next;
};

static void on_watched (void *owner, int events)
{
    const struct watch *watch = owner;
    (void) events;
    watch->ready (watch->with);
}

static void watch_free (void *object)
{
    free (object);
}

void aduan_loop_watch (struct aduan_loop *loop, int fd, void (*ready) (void *with), void *with)
{
    struct watch *watch, *next;
    LL_FOREACH_SAFE (loop->watches, watch, next) {
        if (watch->fd != fd)
            continue;
        LL_DELETE (loop->watches, watch);
        reactor_forget (&watch->source);
        reactor_retire (loop->reactor, watch, watch_free);
    }
    if (!ready)
        return;
    watch = xcalloc (1, sizeof *watch);
    *watch = (struct watch){.fd = fd, .ready = ready, .with = with};
    watch->source = reactor_fd (loop->reactor, fd, REACTOR_READ, on_watched, watch);
    LL_PREPEND (loop->watches, watch);
}

void aduan_loop_free (struct aduan_loop **held)
{
    struct aduan_loop *loop = *held;
    if (!loop)
        return;
    check (loop->depth == 0 && !loop->handles);
    while (loop->watches)
        aduan_loop_watch (loop, loop->watches->fd, NULL, NULL);
    reactor_timer_forget (&loop->timer);
    buffer_free (&loop->frame[0]);
    buffer_free (&loop->frame[1]);
    if (loop->own_reactor) {
        reactor_destroy (&loop->reactor);
        if (--loops == 0)
            daemon_context_end ();
    }
    free (loop);
    *held = NULL;
}

static char problem[512];

__attribute__ ((format (printf, 1, 2))) static int fail (const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (problem, sizeof problem, format, arguments);
    va_end (arguments);
    return -1;
}

/* ---- what a link says ------------------------------------------------------------------------ */

static struct line *line_of (struct aduan *aduan, const struct link *link)
{
    for (unsigned i = 0; i < LINES; i++)
        if (aduan->lines[i].link == link)
            return &aduan->lines[i];
    return NULL; /* while link_destroy says goodbye */
}

static void on_up (void *owner, struct link *link)
{
    struct line *line = line_of (owner, link);
    line->down_at = 0;
    line_pump (line);
}

static void on_down (void *owner, struct link *link)
{
    struct line *line = line_of (owner, link);
    if (!line)
        return;
    line->down_at = mono_ms ();
    line_down (line);
}

static const enum op_kind kind_of_message[WIRE_LAST] = {
    [WIRE_submit] = OP_SUBMIT, [WIRE_act] = OP_ACT, [WIRE_order] = OP_ORDER,
    [WIRE_pull] = OP_PULL,     [WIRE_ask] = OP_ASK, [WIRE_show] = OP_SHOW,
};

/* A message was not taken and had no effect - but what was said before it may have had. */
static void on_refused (void *owner, struct link *link, struct parcel *parcel)
{
    struct aduan *aduan = owner;
    const struct msg_refused *refused = &parcel->said[0].refused;
    (void) link;
    if (refused->number >= WIRE_LAST)
        return;
    struct op *op = op_find (aduan, kind_of_message[refused->number], refused->ref);
    if (!op || op->state != OP_SENT)
        return;
    if (refused->refusal == REFUSAL_CREDIT || refused->refusal == REFUSAL_HELLO)
        op_rest (op, 0);
    else
        op_end (op, &(struct op_ending){
                        .result = op->tries > 1 ? ADUAN_UNKNOWN : ADUAN_REFUSED,
                        .refusal = refused->refusal,
                    });
}

/* Our key is not let in: what waits would wait for a person.  Where the handshake fails it goes on
 * waiting, because a door that is down behind something that listens for it looks the same. */
static void on_barred (void *owner, struct link *link, enum link_bar bar)
{
    struct line *line = line_of (owner, link);
    if (!line)
        return;
    if (bar != LINK_BAR_KEY) {
        fail (
            "%s: hangs up on the handshake: the pinned key is not its public key, or it is no door "
            "of Aduan's",
            link_name (link));
        return;
    }
    fail (
        "%s: the key of \"%s\"%s%s is not let in: not registered, revoked, or of another role; it "
        "needs its line in principals.tsv",
        link_name (link), line->aduan->name, line->aduan->key_file ? " in " : "",
        line->aduan->key_file ? line->aduan->key_file : "");
    line_refuse (line);
}

static link_message_fn *const client_handlers[WIRE_LAST] = {
    [WIRE_accepted] = on_accepted, [WIRE_tempfail] = on_tempfail, [WIRE_reject] = on_reject,
    [WIRE_assigned] = on_assigned, [WIRE_pulled] = on_pulled,     [WIRE_acted] = on_acted,
    [WIRE_ordered] = on_ordered,   [WIRE_rows] = on_rows,         [WIRE_shown] = on_shown,
    [WIRE_refused] = on_refused,
};
static const struct link_hooks client_hooks = {
    .handlers = client_handlers,
    .up = on_up,
    .down = on_down,
    .credit = on_up,
    .barred = on_barred,
};

/* ---- opening --------------------------------------------------------------------------------- */

const char *aduan_problem (void)
{
    return problem;
}

static bool is_z85 (const char *text)
{
    static const char symbols[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    return strlen (text) == 40 && strspn (text, symbols) == 40;
}

/* A key given as itself, or as a file whose first word it is. */
static int server_key (const char *what, const char *given, char ret[41])
{
    char *text = NULL;
    size_t len = 0;
    if (!given)
        return fail ("%s: it is a tcp:// endpoint, so its public key must be pinned", what);
    if (is_z85 (given) && !strchr (given, '/')) {
        memcpy (ret, given, 41);
        return 0;
    }
    if (file_read (given, 4096, &text, &len) != 0) {
        if (!is_z85 (given))
            return fail (
                "%s: its key \"%s\" is neither 40 characters of Z85 nor a file that can be "
                "read",
                what, given);
        memcpy (ret, given, 41);
        return 0;
    }
    size_t word = strcspn (text, " \t\r\n");
    text[word] = 0;
    int result = 0;
    if (is_z85 (text))
        memcpy (ret, text, 41);
    else
        result = fail ("%s: the file %s does not begin with a key of 40 characters", what, given);
    sodium_memzero (text, len);
    free (text);
    return result;
}

static int own_keys (const struct aduan_options *options, struct link_keys *keys)
{
    if (options->public_key && options->secret_key) {
        if (!is_z85 (options->public_key) || !is_z85 (options->secret_key))
            return fail ("the own key is not two times 40 characters of Z85");
        memcpy (keys->public_key, options->public_key, 41);
        memcpy (keys->secret_key, options->secret_key, 41);
        return 0;
    }
    if (!options->key_file)
        return fail ("a tcp:// endpoint needs an own key: make one with `aduan keygen`");
    if (keys_read (options->key_file, keys) != 0)
        return fail ("%s: the own key cannot be read; make one with `aduan keygen %s`",
                     options->key_file, options->key_file);
    return 0;
}

static int line_open (struct aduan *aduan, enum line_kind kind, const char *what,
                      const char *endpoint, const char *key, const struct aduan_options *options)
{
    struct line *line = &aduan->lines[kind];
    struct link_keys keys = {0};
    line->aduan = aduan;
    line->down_at = mono_ms ();
    if (!endpoint || !*endpoint)
        return 0;
    bool tcp = strncmp (endpoint, "tcp://", 6) == 0;
    if (!link_endpoint_right (endpoint))
        return fail ("%s: \"%s\" is not an endpoint as " LINK_ENDPOINT_FORM, what,
                     log_text (endpoint, strlen (endpoint)));
    int result = tcp ? server_key (what, key, keys.server_key) : 0;
    if (result == 0 && tcp)
        result = own_keys (options, &keys);
    if (result == 0)
        line->link = link_connect (aduan->loop->reactor, endpoint, tcp ? &keys : NULL, aduan->name,
                                   &client_hooks, aduan);
    sodium_memzero (&keys, sizeof keys);
    return result;
}

int aduan_open (const struct aduan_options *options, struct aduan **ret)
{
    struct aduan *aduan = xcalloc (1, sizeof *aduan);
    aduan->own_loop = !options->loop;
    aduan->loop = options->loop ? options->loop : aduan_loop_new ();
    aduan->repeat_ms = options->repeat_ms ? options->repeat_ms : REPEAT_FIRST_MS;
    aduan->away_ms = options->away_ms;
    const char *name = options->name && *options->name ? options->name : "libaduan";
    snprintf (aduan->name, sizeof aduan->name, "%s", name);
    aduan->key_file =
        options->key_file && !options->public_key ? xstrdup (options->key_file) : NULL;
    DL_APPEND (aduan->loop->handles, aduan);
    int result = 0;
    if (strlen (name) > 64 || !utf8_valid (name, strlen (name)))
        result = fail ("the name is longer than 64 characters, or not UTF-8");
    for (unsigned i = 0; i < LINES; i++)
        aduan->lines[i].aduan = aduan;
    if (result == 0)
        result =
            line_open (aduan, LINE_INTAKE, "intake", options->intake, options->intake_key, options);
    if (result == 0)
        result =
            line_open (aduan, LINE_ROUTER, "router", options->router, options->router_key, options);
    if (result == 0)
        result = line_open (aduan, LINE_QUERY, "query", options->query, NULL, options);
    if (result != 0) {
        aduan_close (&aduan);
        return -1;
    }
    *ret = aduan;
    return 0;
}

void aduan_close (struct aduan **held)
{
    struct aduan *aduan = *held;
    if (!aduan)
        return;
    check (aduan->loop->depth == 0);
    for (unsigned i = 0; i < LINES; i++) {
        struct link *link = aduan->lines[i].link;
        aduan->lines[i].link = NULL; /* callbacks that start new ones end at once */
        line_end (&aduan->lines[i]);
        link_destroy (&link);
    }
    check (!aduan->ops);
    DL_DELETE (aduan->loop->handles, aduan);
    if (aduan->own_loop)
        aduan_loop_free (&aduan->loop);
    free (aduan->key_file);
    free (aduan);
    *held = NULL;
}

void aduan_turn (struct aduan *aduan, int64_t wait_ms)
{
    aduan_loop_turn (aduan->loop, wait_ms);
}

struct aduan_loop *aduan_loop (struct aduan *aduan)
{
    return aduan->loop;
}

bool aduan_is_up (const struct aduan *aduan)
{
    for (unsigned i = 0; i < LINES; i++)
        if (aduan->lines[i].link && !link_is_up (aduan->lines[i].link))
            return false;
    return true;
}

size_t aduan_pending (const struct aduan *aduan)
{
    return HASH_COUNT (aduan->ops);
}

/* web.h - everything aduan-web knows, to be read first.
 *
 *     request -> HTTP -> channel, by its address -> visit -> asks (aduan-query, web_*) or submits (intake) -> answer
 *
 *   web.c      settings, start, stop; which visit goes where
 *   visit.c    one request on its way: language, what it asks, the ways in which it ends
 *   category.c the registry's categories, for forms
 *   send.c     a submission on its way to intake, for every channel
 *   client.c   programs that come in by HTTP: whose token is whose (client.h)
 *   repeat.c   which submission is a repeat of which, where its sender names no key (repeat.h)
 *   limit.c    how often one source, token, number, sender or text comes (limit.h)
 *   taken.c    reports that were taken in a moment ago, and are not stored yet (taken.h)
 *   may.c      what a case takes from its reporter now (may.h)
 *   story.c    what a page tells of a case, by its row (story.h)
 *   typed.c    number and access code as people type them (typed.h)
 *   proof.c    tracking number and access code of who follows his case, sealed in a cookie
 *   drawn.c    a form's token, and when it was drawn
 *   notices.c  by which channels news go
 *   words.c    texts by key, assets
 *   channel/   a door each: its addresses, what it takes, how it says no
 *     channel.def  which there are
 *     form.c       the report form
 *     receipt.c    its receipt;  first.c  that of the first one, where a form comes again and says something else
 *     track.c      a reporter follows his case, and has his say
 *     published.c  reports that everybody may read
 *     open311.c    GeoReport v2 (open311.h)
 *     sms.c, whatsapp.c, mail.c  gateways;  stop.c  the address by which a mail's news end
 *   message.c  what came by a gateway, on its way to intake;  gateway.c  what gateways share;  report.c  delivery reports
 *   command.c  the words LACAK, BERHENTI ..., for all gateways;  spelling.c  words as people type them;  graph.c  Meta's API
 *   handle.c   what a form or an account calls a file that it has sent (handle.h)
 *   mime.c, html.c  a mail, read;  maildir.c  mails that lie in a folder;  aside.c  threads for what is slow
 *     api*.c       programs of those who submit for others; api.h is to be read first
 *
 * A new channel is a file in channel/ and its line in channel.def.  It fills a struct aduan_submission, names its account and
 * the idempotency key of its own way of repeating, and says to its sender what came of it.
 *
 * aduan-web knows nobody: what is read is proved by an access code or a token that aduan-query's functions look up.  Names,
 * contacts, numbers and addresses of reporters are in clear here alone, while a request lasts, and leave sealed (libaduan).
 *
 * A visit is ASKING while its `asked` is not 0, then it is answered.  Each thing that is asked ends within ASK_MS or SEND_MS
 * (libaduan's deadlines), or after a second where nobody has been there for FRONT_AWAY_MS, so a visit ends.
 */
#ifndef ADUAN_WEB_H
#define ADUAN_WEB_H

#include <jansson.h>
#include "client/aduan.h"
#include "content/brought.h"
#include "daemon/daemon.h"
#include "http/reply.h"
#include "http/source.h"
#include "http/template.h"
#include "limit.h"

#define ASK_MS       8000
#define SEND_MS      8000 /* then the sender is asked to come again: a repeat is the same complaint */
#define LATER_MS     15000  /* when he may come again */
#define FORM_MOST    262144 /* bytes of a form's words */
#define FILES_MOST   CONTENT_FILES_MOST
#define DIGEST_BYTES CONTENT_DIGEST_BYTES
#define BODY_FILE                                                                                  \
    CONTENT_VIDEO_MOST /* of a body that is a file; the door takes content_most of it */
#define BODY_FILES ((size_t) FILES_MOST * CONTENT_BYTES_MOST + FORM_MOST) /* of a form with files */
/* of the report form: files that are too many or too large are let go as they come, and told at their field beside all that was typed */
#define BODY_TOLD    (4 * BODY_FILES)
#define SECRET_BYTES 32
#define JSON_MOST    4000 /* values in a program's body: each takes some 100 bytes, read */

struct visit;
struct drawn;
struct clients;
struct limits;
struct gateways;
struct sandbox;
struct taken;

struct route {
    enum http_method method;
    const char *pattern; /* "/reports/:number" */
    void (*run) (struct visit *visit);
    size_t most;  /* bytes of body; 0: none; BODY_FILE, BODY_FILES, BODY_TOLD: streamed */
    bool foreign; /* also of forms that are not ours: gateways and programs */
};

/* Who is counted for coming too often: nobody here, for a proof says who it is; a source, before its handler runs; a source,
 * by its handlers, where it shows no key. */
enum counted { COUNTED_BY_PROOF, COUNTED_BY_SOURCE, COUNTED_WITHOUT_KEY };

/* A way in.  Its functions run on the reactor's thread and return at once. */
struct inlet {
    const char *name;
    const struct route *routes;
    size_t route_count;
    /* Answers the visit with a fault, in the channel's own form; `why` is a key behind "fault_". */
    void (*refuse) (struct visit *visit, unsigned status, const char *why);
    enum counted counted;
};

struct web {
    struct reactor *reactor;
    struct http_server *server;
    struct aduan_loop *loop;
    struct aduan *intake, *query; /* two handles: reading must not wait behind what is taken in */
    struct content *content;
    struct clients *clients; /* client.h */
    struct limits *limits;   /* limit.h */
    struct taken *taken;     /* taken.h */
    struct gateways *gateways;
    struct sandbox *sandbox;      /* channel/api_sandbox.c */
    unsigned polling;             /* long polls of the feed */
    uint8_t secret[SECRET_BYTES]; /* of this installation's web doors: cookies, keys of accounts */
    bool tls; /* TLS stands before the door: cookies are Secure, their names begin with __Host- */
    bool up;  /* started; false while it drains */
    int zone; /* hours east of UTC in which times are shown */
    unsigned sending, sending_most; /* submissions under way */
    json_t *categories;             /* category.c */
    int64_t categories_until;
    char *origin; /* as browsers name this door; "": by the Host header */
    char *open311_contact, *open311_key_service; /* "": the standard words */
    bool open311_keyless;
    unsigned notices; /* notices.c */
};

/* One request on its way to its answer; it lives as long as the request. */
struct visit {
    struct web *web;
    struct http_request *request;
    const struct inlet *inlet;
    const struct route *route;
    struct http_parts parts; /* of the path */
    struct http_source source;
    bool has_source;
    bool body;         /* large, and counted while it lasts */
    int64_t body_wait; /* ms after which its source, or its token, may send one again; 0: it may */
    struct tally upload; /* counted of its body before it came */
    size_t upload_unit;  /* bytes of one */
    bool english;
    json_t *values;  /* of its page */
    unsigned asked;  /* answers that are not there yet */
    unsigned fault;  /* HTTP status, 0: none so far */
    const char *why; /* key of the text that goes with it */
    bool refused;    /* it is of a query that aduan-query refused: too much at a time, perhaps */
    char detail[66];
    char number[ADUAN_NUMBER_SIZE], code[ADUAN_CODE_SIZE]; /* proof.c; "": none */
    uint8_t receipt;                                       /* enum receipt; 0: he has none */
    void (*sent) (struct visit *visit, const struct aduan_submitted *result);
    bool names_files;   /* what it submits does */
    struct tally tally; /* of what it submits */
    char report_code
        [65];   /* of a report on its way to intake, proof_hash of its access code; "": none */
    void *work; /* of its handler */
    void (*work_free) (void *work);
};

/* ---- visit.c ---------------------------------------------------------------------------------- */

struct visit *visit_new (struct web *web, struct http_request *request);
/* Asks aduan-query for the rows of web_<name>, for the values under `key`; of `one` its first row alone, none is 404.  Takes
 * `arguments`, an array of strings.  The last answer that a visit waits for calls `finish`. */
void visit_ask (struct visit *visit, const char *key, const char *name, json_t *arguments, bool one,
                void (*finish) (struct visit *visit));
/* What waits for several answers: visit_wait before each is asked for, visit_came when it is there. */
void visit_wait (struct visit *visit);
void visit_came (struct visit *visit, void (*finish) (struct visit *visit));
/* Remembers the first fault. */
void visit_fail (struct visit *visit, unsigned status, const char *why);
/* Answers with a fault, in its channel's form. */
void visit_refuse (struct visit *visit, unsigned status, const char *why);
/* Was there a fault while it asked?  Then it is answered. */
bool visit_failed (struct visit *visit);
void visit_page (struct visit *visit, unsigned status, const char *template);
/* Refuses what comes too often, with what was typed and when there is room again. */
void visit_often (struct visit *visit, const char *why, int64_t wait_ms);
/* Says when there is room again, to programs and on the page. */
void visit_later (struct visit *visit, int64_t wait_ms);
/* visit_refuse of every channel of pages. */
void page_refuse (struct visit *visit, unsigned status, const char *why);
/* A field of the form, "" where it is absent. */
const char *visit_said (const struct visit *visit, const char *name);
/* Sets a value of the page; NULL: nothing. */
void visit_value (struct visit *visit, const char *key, const char *text);

/* ---- category.c ------------------------------------------------------------------------------- */

/* The registry's categories, for the page's `categories`: at once where they are kept, else asked for as by visit_ask; none where
 * aduan-query is away. */
void category_ask (struct visit *visit, void (*finish) (struct visit *visit));
/* Marks the one of that number as `chosen`; NULL: none. */
void category_choose (struct visit *visit, const char *number);

/* ---- send.c ------------------------------------------------------------------------------------ */

/* Submits; `then` has the result, within SEND_MS.  Too much under way already: ADUAN_UNSENT at once.  What was counted in the visit's
 * tally stands where something new was accepted. */
void visit_send (struct visit *visit, const struct aduan_submission *submission,
                 void (*then) (struct visit *visit, const struct aduan_submitted *result));
/* The same for the tally of what was judged in intake's place. */
void visit_judged (struct visit *visit, const struct aduan_submitted *result);
/* The status that goes with how a submission ended, for programs. */
unsigned send_status (const struct aduan_submitted *result);

/* ---- proof.c ----------------------------------------------------------------------------------- */

/* Reads the visit's cookie into number, code and receipt. */
void proof_read (struct visit *visit);
/* Remembers, in a cookie, who follows which case, and the visit's receipt; "" for both ends it. */
void proof_keep (struct visit *visit, const char *number, const char *code);
/* 64 hexadecimal digits of the hash of an access code as a person wrote it; false: it is none. */
bool proof_hash (const char *code, char ret[65]);

/* ---- drawn.c ----------------------------------------------------------------------------------- */

/* What makes a form one submission, however often it is sent. */
struct drawn {
    struct aduan_token token;
    uint64_t created; /* ms UTC, by the clock of the door that drew it */
};
enum drawn_age {
    DRAWN_RIGHT,
    DRAWN_OLD, /* too long ago, or by no door's clock: it is to be drawn anew */
    DRAWN_NONE /* no form of ours */
};
void drawn_new (struct drawn *ret);
/* The page's values `token` and `created`. */
void drawn_show (struct visit *visit, const struct drawn *drawn);
/* The same of what came back; key and code are derived where it is not DRAWN_NONE. */
enum drawn_age drawn_read (struct visit *visit, struct drawn *ret);

/* "TOKEN-MS-SEAL", for a cookie; the caller's. */
char *drawn_text (const struct web *web, const struct drawn *drawn);
/* False: this installation has not made it.  However old it is. */
bool drawn_of_text (const struct web *web, const char *text, struct drawn *ret);

/* ---- notices.c --------------------------------------------------------------------------------- */

bool notices_right (const struct settings *settings);
/* For web->notices, at the start. */
unsigned notices_read (const struct settings *settings);
/* Do news go by this channel ("email", "sms", "whatsapp")? */
bool notices_go (const struct web *web, const char *channel);
/* By which channel news go to this contact: what has an @ is a mail address, a telephone number is none, whatever was `chosen`
 * beside it. */
const char *notices_way (const struct web *web, const char *contact, const char *chosen);
/* The page's `kinds`: channels that may be chosen, one of them as `chosen`; NULL: none is. */
void notices_offer (struct visit *visit, const char *chosen);

/* ---- channel/receipt.c -------------------------------------------------------------------------- */

/* What a receipt says, in the sealed cookie. */
enum receipt {
    RECEIPT_IS = 1,
    RECEIPT_PUBLIC = 2,
    RECEIPT_CONTACT = 4,
    RECEIPT_PHOTOS_LOST = 8,
    RECEIPT_EMAIL = 16, /* of a contact; none of the three: it is not known here by which way */
    RECEIPT_SMS = 32,
    RECEIPT_WHATSAPP = 64,
    RECEIPT_QUIET = 128, /* a contact was given, and no news go to it (limit.h) */
};
/* Says to the browser something that it gives back where it keeps cookies; with the form. */
void receipt_here (struct visit *visit);
/* The visit's, from now on and in the cookie; `says`: enum receipt. */
void receipt_take (struct visit *visit, const char *number, const char *code, unsigned says);
/* Answers with the way to it, or with it. */
void receipt_give (struct visit *visit);
/* Answers with it. */
void receipt_page (struct visit *visit, unsigned status);

/* ---- words.c ----------------------------------------------------------------------------------- */

/* The text of a key in the visit's language; NULL: no such key. */
const char *web_word (const struct visit *visit, const char *key);
/* The text of a key that is there in both languages, a line each, for whom we know nothing of; the caller's. */
char *web_both (const char *key);
struct template_set web_templates (struct visit *visit);
/* An asset by its name, answered; false: there is none. */
bool web_asset (struct http_request *request, const char *name);

/* ---- web.c ------------------------------------------------------------------------------------- */

extern const struct setting web_settings[];
extern const size_t web_settings_len;
bool web_settings_right (const struct settings *settings);
int web_start (struct reactor *reactor, const struct settings *settings, void **ret_state);
bool web_drain (void *state);
void web_stop (void **state);
void web_measure (void *state);
bool web_show (void *state, const char *what, struct buffer *out);

#endif

/* gateway.h - what a way out is.  To add one, write one file and give it a row in gateway.c.
 *
 * A gateway has a breaker, a limit of notices under way and threads of its own, so that one that is away or slow holds
 * up no other.  Everything that waits for it waits in the store, known there by its channel alone.
 *
 *   gateway.c   the table of gateways; whether one may have a notice now, and else when
 *   courier.c   threads that hand notices over with libcurl, whatever they speak
 *   retry.c     what a gateway's behaviour means; when to leave it alone; pure
 *   smtp.c  sms.c  whatsapp.c     one way out each
 *   http.c      one request of an HTTP gateway
 */
#ifndef ADUAN_GATEWAY_H
#define ADUAN_GATEWAY_H

#include <curl/curl.h>
#include "daemon/daemon.h"

struct contact;
struct letterhead;

/* ---- what is handed over --------------------------------------------------------------------- */

#define LETTER_HEADERS 13
#define ANSWER_MAX     2048

/* A notice as a gateway gets it.  Owns its texts; letter_done wipes and frees them. */
struct letter {
    char *to;       /* bare mail address, or a telephone number of digits */
    char *envelope; /* mail: the address that bounces go to */
    char *headers
        [LETTER_HEADERS]; /* mail: "Name: value", one line each, no CR, LF, NUL, at most 998 bytes */
    unsigned header_count;
    struct buffer text; /* UTF-8; of a mail lines end in CRLF */
    char token[52];     /* the notice's name for delivery reports; "": there is no key for it */
    char number[16];    /* WhatsApp: tracking number, for the message template */
    uint32_t language;  /* WhatsApp: enum language of the message template; 0: Indonesian */
    bool open;          /* WhatsApp: the reporter wrote within 24 hours, so a free text may go */
    unsigned segments;  /* SMS: what it costs (spending.h); 0: nothing */
};
void letter_done (struct letter *letter);

/* How far a conversation got.  Rises only.  HTTP knows the first and the last alone. */
enum stage {
    STAGE_OPEN, /* connecting, greeting, TLS, login */
    STAGE_MAIL, /* MAIL FROM was said */
    STAGE_RCPT, /* RCPT TO was said */
    STAGE_DATA, /* DATA was said */
    STAGE_TEXT, /* 354 came: the text is being handed over, its end certainly was not said */
    STAGE_DOT,  /* all of it was handed over: the gateway may have taken it */
};

/* A letter on its way.  claim.c makes it, the courier owns it until it is given to `done`. */
struct errand {
    struct errand *next;
    struct letter letter;
    void *with;       /* claim.c's: the notice */
    enum stage stage; /* results: set by the thread that carried it */
    unsigned reply; /* the last reply to what was said at `stage`, SMTP's or HTTP's; 0: none came */
    int error;      /* libcurl's */
    size_t read;    /* of letter.text, by libcurl so far */
    char answer[ANSWER_MAX]; /* of HTTP, its beginning */
    size_t answer_len;
};
void errand_free (struct errand *errand);

/* ---- retry.c --------------------------------------------------------------------------------- */

struct judgement {
    enum told told;
    uint64_t code; /* for `told`: the gateway's reply, or 10,000 + libcurl's error */
    bool gateway;  /* the gateway is at fault and not this letter: counts for the breaker */
};

/* What became of a letter over SMTP.  `reply` is the last reply to what was said at `stage`, 0 where none
 * came; `error` is libcurl's, 0 for success. */
struct judgement retry_judge (enum stage stage, unsigned reply, int error);
/* The same of a request over HTTP, by its status. */
struct judgement retry_judge_http (enum stage stage, unsigned status, int error);

#define BREAKER_FAULTS     5
#define BREAKER_FIRST_MS   5000
#define BREAKER_LONGEST_MS 600000

/* Leaves a broken gateway alone: after BREAKER_FAULTS faults in a row nothing is claimed for a while
 * that doubles, then one notice is claimed as a probe.  Zero-initialised: closed. */
struct breaker {
    const char *name;     /* the gateway's, for the log; NULL: none */
    unsigned faults;      /* in a row */
    int64_t until;        /* mono_ms; 0 while closed */
    int64_t pause;        /* ms, the last one drawn without jitter */
    bool probing;         /* the pause is over and one notice is under way */
    struct outage outage; /* said once when it begins, once when it ends */
};
/* How many notices may be claimed now, at most `wanted`. */
unsigned breaker_allows (const struct breaker *breaker, int64_t now, unsigned wanted);
/* A claim or a notice goes out while half open. */
void breaker_probes (struct breaker *breaker);
/* The probe brought nothing to send: the next claim may probe again. */
void breaker_idle (struct breaker *breaker);
/* The same, but not before `until` (mono_ms). */
void breaker_rests (struct breaker *breaker, int64_t until);
/* One outcome.  True when the breaker has just opened: what is not begun should be given back. */
bool breaker_saw (struct breaker *breaker, const struct judgement *judgement, int64_t now);
bool breaker_open (const struct breaker *breaker);

/* ---- a way out ------------------------------------------------------------------------------- */

struct hand; /* one thread of a courier, with its libcurl handle */

struct gateway_kind {
    const char *name;            /* of its settings, in the log and in `aduan show` */
    uint32_t channel;            /* enum channel: what the store calls it */
    const char *const *contacts; /* kinds of contact that it reaches; NULL behind the last */
    bool sleeps; /* not at night, but for emergencies and for who has just reported */
    /* Are its settings right?  Refuses by settings_refuse. */
    bool (*right) (const struct settings *settings);
    /* 0 and *ret, or NULL in it where the gateway is not set; else an exit status, logged. */
    int (*open) (const struct settings *settings, const struct letterhead *head, void **ret);
    /* 0 and *ret; FAIL_ABSENT: no template of that key; FAIL_REFUSED: nothing can be sent to that address. */
    int (*compose) (void *own, const struct msg_notice *notice, const struct contact *contact,
                    int64_t now, struct letter *ret);
    /* Hands it over and fills the results; on a thread of the courier, the handle is prepared. */
    void (*carry) (void *own, CURL *easy, struct errand *errand);
    struct judgement (*judge) (const struct errand *errand);
    void (*close) (void **own);
    /* How many at once, and how long one may take; read after `open`. */
    const char *parallel, *connect, *whole;
};
extern const struct gateway_kind gateway_mail, gateway_sms, gateway_whatsapp;

/* ---- courier.c ------------------------------------------------------------------------------- */

/* Called on the reactor's thread for each errand; takes it. */
typedef void courier_done_fn (void *owner, struct errand *errand);

struct courier;
/* Starts `parallel` threads.  `own` is lent until courier_destroy; times in ms. */
struct courier *courier_new (struct reactor *reactor, const struct gateway_kind *kind, void *own,
                             unsigned parallel, int64_t connect_ms, int64_t whole_ms,
                             courier_done_fn *done, void *owner);
/* Takes *errand. */
void courier_send (struct courier *courier, struct errand **errand);
/* Breaks off what is under way, ends the threads and frees what nobody will be told of. */
void courier_destroy (struct courier **courier);

/* ---- http.c ---------------------------------------------------------------------------------- */

/* One request on a connection of its own: a kept one that died in silence would have libcurl send it again, and a
 * message would be doubled.  `body` NULL: GET.  Fills the results; the answer's beginning is kept. */
void http_carry (CURL *easy, struct errand *errand, const char *url, struct curl_slist *headers,
                 const char *body);
/* "http://" or "https://" and printable ASCII without white space, at most 300 bytes. */
bool http_url_valid (const char *url);
/* The first line of a file, at most 1,024 bytes; NULL, logged, where it cannot be read.  The caller wipes and frees. */
char *secret_read (const char *path, const char *setting);

/* ---- gateway.c ------------------------------------------------------------------------------- */

#define GATEWAYS 3

struct gateway {
    const struct gateway_kind *kind;
    void *own;               /* the kind's */
    struct courier *courier; /* NULL: not set, and nothing of its channel is claimed */
    struct breaker breaker;
    unsigned parallel, sending;
};

bool gateways_right (const struct settings *settings);
/* 0, or an exit status.  What is open then, gateways_close ends. */
int gateways_open (struct gateway gateways[GATEWAYS], struct reactor *reactor,
                   const struct settings *settings, const struct letterhead *head,
                   courier_done_fn *done, void *owner);
void gateways_close (struct gateway gateways[GATEWAYS]);
/* The one that reaches a kind of contact; NULL: there is no such kind. */
struct gateway *gateway_for (struct gateway gateways[GATEWAYS], struct view contact);
bool gateway_set (const struct gateway gateways[GATEWAYS]); /* any of them */
/* Which channels may be claimed, as claim.channels, and how many of at most `room`; 0: none now.  *ret_probe is the
 * gateway that the claim probes, or NULL. */
unsigned gateways_claim (struct gateway gateways[GATEWAYS], int64_t now, unsigned room,
                         uint64_t *ret_channels, struct gateway **ret_probe);
/* How long a claim may stand so that none of them is probed late: at most `most`, in ms. */
int64_t gateways_patience (const struct gateway gateways[GATEWAYS], int64_t now, int64_t most);
/* Wall time before which it gets nothing because it is left alone; 0: it may have one now, and if it was to be probed
 * this is the probe. */
int64_t gateway_away (struct gateway *gateway, int64_t now);
/* What was claimed as a probe brought nothing to send. */
void gateways_idle (struct gateway gateways[GATEWAYS]);
void gateways_show (const struct gateway gateways[GATEWAYS], struct buffer *out);

#endif

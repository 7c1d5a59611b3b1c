/* aduan.h - libaduan: push complaints in, pull them and act on them.
 *
 *     struct aduan_options options = {.name = "web", .key_file = "keys/adapter-web.key",
 *                                     .intake = "tcp://127.0.0.1:8313", .intake_key = "keys/intake.pub"};
 *     struct aduan *aduan;
 *     if (aduan_open (&options, &aduan) != 0)
 *         errx (69, "%s", aduan_problem ());
 *
 * What is started is repeated by the library - on silence, a lost connection or TEMPFAIL, with the
 * same key and `created`, with growing delay and jitter - until it is answered or its deadline is
 * over.  An error never means "not stored": it is ADUAN_UNKNOWN, and the way on is to submit the same
 * thing again later, same key, same `created`.  Keep your copy until ADUAN_ACCEPTED.
 *
 * One handle is one key: what the key may do is decided at the far side.  Handles share a loop, so
 * that hundreds of them need one thread.  All use of the library in a process is by one thread.
 * Times are ms since 1970 UTC, durations ms.  Texts are UTF-8 with a NUL behind them, NULL or ""
 * where there is none; what is given is copied before a call returns.
 */
#ifndef ADUAN_H
#define ADUAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- codes, as in PROTOCOL.md -------------------------------------------------------------- */

enum aduan_kind {
    ADUAN_KIND_COMPLAINT = 1,
    ADUAN_KIND_REPLY,
    ADUAN_KIND_COMPLETION,
    ADUAN_KIND_RATING,
    ADUAN_KIND_WITHDRAWAL,
    ADUAN_KIND_CLOSING,   /* it is solved */
    ADUAN_KIND_REOPENING, /* it is not: what is still wrong */
    ADUAN_KIND_CONSENT,   /* to the Ombudsman, or not */
    ADUAN_KIND_FLAGS,     /* anonymous and secret as said now */
    ADUAN_KIND_SUPPORT,   /* of a published complaint: somebody has the same problem */
};

enum aduan_channel {
    ADUAN_CHANNEL_WEB = 1,
    ADUAN_CHANNEL_APP,
    ADUAN_CHANNEL_AGENCY_PAGE,
    ADUAN_CHANNEL_HOTLINE,
    ADUAN_CHANNEL_SMS,
    ADUAN_CHANNEL_EMAIL,
    ADUAN_CHANNEL_WHATSAPP,
    ADUAN_CHANNEL_SOCIAL,
    ADUAN_CHANNEL_WALK_IN,
    ADUAN_CHANNEL_LETTER,
    ADUAN_CHANNEL_OPEN311,
    ADUAN_CHANNEL_PARTNER,
    ADUAN_CHANNEL_IMPORT,
};

enum aduan_class {
    ADUAN_CLASS_COMPLAINT = 1, /* sub-class not set yet */
    ADUAN_CLASS_PLAIN,
    ADUAN_CLASS_OVERSIGHT,
    ADUAN_CLASS_ASPIRATION,
    ADUAN_CLASS_INFO_REQUEST,
};

/* 0: not said, and for anonymous and secret that counts as yes. */
enum aduan_flag { ADUAN_FLAG_NO = 1, ADUAN_FLAG_YES };

enum aduan_language { ADUAN_LANGUAGE_ID = 1, ADUAN_LANGUAGE_EN };

enum aduan_doubt {
    ADUAN_DOUBT_TRAP = 1, /* a field was filled that no person sees */
    ADUAN_DOUBT_HASTE,    /* the form came back sooner than a person reads it */
    ADUAN_DOUBT_FLOOD,    /* the same words have come too often within an hour */
    ADUAN_DOUBT_SOURCE    /* more comes from one source than one is believed */
};

enum aduan_priority {
    ADUAN_PRIORITY_EMERGENCY = 1, /* a right of the key, with a quota */
    ADUAN_PRIORITY_HIGH,
    ADUAN_PRIORITY_NORMAL,
    ADUAN_PRIORITY_BULK,
};

enum aduan_act_kind {
    ADUAN_ACT_ACK = 1,   /* the lease ends, the assignment is taken: days instead of minutes */
    ADUAN_ACT_NACK,      /* not now: ready again after `delay`; the tenth parks it */
    ADUAN_ACT_RELEASE,   /* given back: ready again, and counted; brings a parked one back, too */
    ADUAN_ACT_EXTEND,    /* the lease is `delay` long from now on */
    ADUAN_ACT_PARK,      /* set aside until a person looks, and releases it */
    ADUAN_ACT_PROGRESS,  /* interim follow-up; needs a text */
    ADUAN_ACT_ANSWER,    /* substantive follow-up; needs a text */
    ADUAN_ACT_ASK,       /* asks the reporter; needs a text */
    ADUAN_ACT_HAND_BACK, /* belongs elsewhere; needs a text and a reason */
    ADUAN_ACT_ASSIGN,    /* handed down: `suggested`, below the agency, gets it */
    ADUAN_ACT_SUPPORT,   /* the lead asks `suggested` to help */
    ADUAN_ACT_CLOSE,     /* the lead ends the case; needs a text and a reason */
    ADUAN_ACT_VERIFY,    /* checked: class, category and flags are set */
    ADUAN_ACT_TAKE_ON,   /* handled at one's own agency, without a lease */
    ADUAN_ACT_CORRECT,   /* set right; what was there before stays in the history */
    ADUAN_ACT_ARCHIVE,   /* ended without handling; needs an ending */
    ADUAN_ACT_CHASE,     /* one above presses the holder */
    ADUAN_ACT_SPLIT,     /* a further matter becomes a complaint of its own */
    ADUAN_ACT_DRAFT,     /* an answer that waits for approval; needs a text */
    ADUAN_ACT_LINK = 20, /* is like `other`: a note on both, nothing changes */
    ADUAN_ACT_MERGE,     /* goes on under `other`, as its alias; the case leaves this queue */
    ADUAN_ACT_UNMERGE,   /* an alias is a case of its own again, ready, due when it was */
    ADUAN_ACT_APPROVE = 60, /* a draft takes effect */
    ADUAN_ACT_SEND_BACK,    /* a draft goes back to its author */
    ADUAN_ACT_BLOCK,        /* taken down by moderation; needs an ending */
    ADUAN_ACT_TAKE_OVER,    /* a colleague's lease becomes one's own; needs a text */
    ADUAN_ACT_NOTE,         /* a word among colleagues; needs a text */
    ADUAN_ACT_PUBLISH,      /* what was held from the public is released */
    ADUAN_ACT_UNPUBLISH,    /* taken from the public */
};

/* Why a case ends without handling. */
enum aduan_ending {
    ADUAN_ENDING_SARA = 1, /* stirs up hate against an ethnic group, religion, race or class */
    ADUAN_ENDING_NO_EVIDENCE,
    ADUAN_ENDING_UNCLEAR,
    ADUAN_ENDING_NOT_GOVERNMENT,
    ADUAN_ENDING_BAD_FORMAT,
    ADUAN_ENDING_TOO_GENERAL,
    ADUAN_ENDING_PRIVATE_PARTY,
    ADUAN_ENDING_IN_COURT,
    ADUAN_ENDING_LAW_ENFORCEMENT,
    ADUAN_ENDING_CONTENT_RULE, /* of a block */
};

enum aduan_hand_back {
    ADUAN_HAND_BACK_NOT_OUR_DUTY = 1,
    ADUAN_HAND_BACK_OTHER_LEVEL,
    ADUAN_HAND_BACK_WRONG_REGION,
    ADUAN_HAND_BACK_SAME_NAME_REGION,
    ADUAN_HAND_BACK_UNIT_CHANGED,
    ADUAN_HAND_BACK_NOT_OVERSIGHT, /* an inspectorate's alone, of an oversight complaint */
};

/* Why a case is closed. */
enum aduan_resolution {
    ADUAN_RESOLUTION_FIXED = 1,
    ADUAN_RESOLUTION_EXPLAINED,
    ADUAN_RESOLUTION_PLANNED,
    ADUAN_RESOLUTION_CANNOT_FIX,
    ADUAN_RESOLUTION_INFO_GIVEN,
};

/* What an agency is to a case; 0: its lead. */
enum aduan_part {
    ADUAN_PART_SUPPORT = 1, /* helps the lead; its acts move neither state nor clocks */
    ADUAN_PART_ARBITER,     /* says by ASSIGN who has it: that binds */
    ADUAN_PART_BOUND,       /* the lead by such a decision: cannot hand it back */
};

/* Why an act or a pull was not done. */
enum aduan_reason {
    ADUAN_REASON_VERSION = 1, /* the assignment has moved on since */
    ADUAN_REASON_STATE,
    ADUAN_REASON_ABSENT,
    ADUAN_REASON_TEXT,
    ADUAN_REASON_KEY, /* the same act key said something else before */
    ADUAN_REASON_SCOPE,
    ADUAN_REASON_BUSY,
    ADUAN_REASON_BOUND,   /* decided with binding force: it is not handed back */
    ADUAN_REASON_TARGET,  /* `suggested` cannot have it by this act */
    ADUAN_REASON_LEAD,    /* only the lead may say that */
    ADUAN_REASON_OTHER,   /* `other` is not a case that this key may name here */
    ADUAN_REASON_ENDING,  /* an archiving or a block needs its reason */
    ADUAN_REASON_ROLE,    /* within scope, but the act is another role's */
    ADUAN_REASON_SESSION, /* not, or no longer, logged in */
    ADUAN_REASON_VALUE,   /* something is missing or outside its range */
};

/* Why a submission was rejected: a repeat will not help. */
enum aduan_reject {
    ADUAN_REJECT_MALFORMED = 1,
    ADUAN_REJECT_MISSING,
    ADUAN_REJECT_TOO_LONG,
    ADUAN_REJECT_VALUE,
    ADUAN_REJECT_AHEAD,    /* `created` is more than ten minutes ahead */
    ADUAN_REJECT_CONFLICT, /* the same key came with something else said */
    ADUAN_REJECT_EMPTY,
    ADUAN_REJECT_RIGHT,
    ADUAN_REJECT_NUMBER,
};

/* Why the far side did not take a message at all. */
enum aduan_refusal {
    ADUAN_REFUSAL_MALFORMED = 1,
    ADUAN_REFUSAL_UNKNOWN,
    ADUAN_REFUSAL_VERSION,
    ADUAN_REFUSAL_PRINCIPAL,
    ADUAN_REFUSAL_ROLE,
    ADUAN_REFUSAL_CREDIT,
    ADUAN_REFUSAL_HELLO,
};

/* Their words, for logs and programs ("too_long"); "" for 0, "?" for a number nobody has. */
const char *aduan_reject_word (uint32_t reject);
const char *aduan_reason_word (uint32_t reason);
const char *aduan_refusal_word (uint32_t refusal);
const char *aduan_act_word (uint32_t act);

/* How something that was started ended. */
enum aduan_result {
    ADUAN_ACCEPTED = 1, /* submit: on stable storage; the copy may be let go */
    ADUAN_REJECTED,     /* submit: nothing is stored; see `reject` and `field` */
    ADUAN_DONE,         /* act: took effect, now or by an earlier repeat; pull, ask: answered */
    ADUAN_STALE,        /* act: nothing happened; see `reason` */
    ADUAN_REFUSED,      /* never acceptable as said; see `reason` or `refusal` */
    ADUAN_UNKNOWN, /* out of time after it was sent: it may have taken effect.  Repeat it later,
                           with the same key and `created` */
    ADUAN_UNSENT,  /* out of time before it was ever sent: it had no effect */
};
const char *aduan_result_word (enum aduan_result result);

/* ---- loop and handle ----------------------------------------------------------------------- */

struct aduan_loop;
struct aduan;

/* Never NULL.  Ends with aduan_loop_free, after its handles are closed. */
struct aduan_loop *aduan_loop_new (void);
void aduan_loop_free (struct aduan_loop **loop);
/* Does what there is to do for every handle and waits at most `wait_ms` for more (0: does not wait,
 * -1: until something happens).  Callbacks are called from here.  A signal ends the wait. */
void aduan_loop_turn (struct aduan_loop *loop, int64_t wait_ms);
/* A descriptor of the caller's own in the same wait; `ready` is called while it can be read.  NULL
 * for `ready` ends it. */
void aduan_loop_watch (struct aduan_loop *loop, int fd, void (*ready) (void *with), void *with);

struct aduan_options {
    struct aduan_loop *loop; /* NULL: one of its own */
    const char *name;       /* of the key: the adapter's or worker's, as the operator registered it;
                                 goes into what is sealed.  At most 64 characters, "" : "libaduan" */
    const char *intake;     /* "tcp://HOST:PORT"; NULL: does not submit */
    const char *intake_key; /* its public key: 40 characters of Z85, or a file that begins so */
    const char *router;     /* NULL: does not pull or act */
    const char *router_key;
    const char *query; /* "ipc://RUN/query.sock" or "ipc://RUN/PROGRAM.ctl"; NULL: does not ask */
    const char *key_file;   /* own key: a file "public secret" in Z85, as `aduan keygen` makes it */
    const char *public_key; /* or the two themselves */
    const char *secret_key;
    uint32_t repeat_ms; /* silence before the first repeat; 0: 5000.  Doubles up to a minute */
    /* For who answers a person meanwhile.  Once a far side has been away so long, what could not be
     * said to it ends after a second, however far its deadline: as ADUAN_UNSENT, or ADUAN_UNKNOWN of
     * a question that was said and may be asked again.  ms; 0: never. */
    uint32_t away_ms;
};

/* 0 and *ret; -1 where the options cannot work, aduan_problem () says why.  Connecting goes on in the
 * background for ever: whether somebody is there shows in the results. */
int aduan_open (const struct aduan_options *options, struct aduan **ret);
/* Ends it, never from a callback.  What is still under way ends as ADUAN_UNKNOWN or ADUAN_UNSENT. */
void aduan_close (struct aduan **aduan);
/* aduan_loop_turn of its loop. */
void aduan_turn (struct aduan *aduan, int64_t wait_ms);
struct aduan_loop *aduan_loop (struct aduan *aduan);
/* Every connection of the options is there and greeted. */
bool aduan_is_up (const struct aduan *aduan);
/* How many operations are under way. */
size_t aduan_pending (const struct aduan *aduan);
/* Why the last aduan_open failed, or why a door has not let us in since (our key, its key): one English
 * sentence, good until the next one. */
const char *aduan_problem (void);

/* ---- submit -------------------------------------------------------------------------------- */

#define ADUAN_NUMBER_SIZE  15 /* tracking number and its NUL */
#define ADUAN_CODE_SIZE    27 /* access code and its NUL */
#define ADUAN_KEY_SIZE     33
#define ADUAN_SAID_SIZE    16
#define ADUAN_SENDER_SIZE  16 /* a keyed hash of the number or address that something came from */
#define ADUAN_DIGEST_BYTES 32 /* of a file: BLAKE2b-256 of what was uploaded */

/* The idempotency key and the access code of one form, both from one 128-bit token.  Draw it when the
 * form is opened, keep it with the form: then a lost answer costs nobody his code. */
struct aduan_token {
    uint8_t token[16];
    char key[ADUAN_KEY_SIZE];
    char code[ADUAN_CODE_SIZE];
};
void aduan_token_new (struct aduan_token *ret);
/* The same two from a token that was kept; `ret->token` is set by the caller. */
void aduan_token_derive (struct aduan_token *ret);

/* Who reports.  Sealed by the library to a key whose secret half is offline; nobody on the way can
 * read it.  At most 127 KiB in all. */
struct aduan_identity {
    const char *name, *nik, *phone, *email, *address;
    const void *envelope; /* headers or provider's payload, any bytes */
    size_t envelope_len;
};

/* Where news of it go.  Sealed to the notifier's key.  At most 3.5 KiB in all. */
struct aduan_contact {
    const char *kind; /* NULL or "": "email"; or "phone", "sms", "whatsapp" */
    /* NULL or "": no contact.  One plain name@host.domain or one telephone number, by `kind`; else the
     * submission is REJECTED, field "contact". */
    const char *address;
    uint32_t language;                   /* enum aduan_language; 0: Indonesian */
    const char *message_id, *references; /* of the mail that is answered */
    int answered; /* not 0: its adapter tells the reporter the number where the report came in, so no notice says it again */
    int quiet;    /* not 0: no notice goes there at all; named so often, it may be a stranger's */
    /* His access code, where nobody else tells him: with the number it is said in the letter that his report was received, and
     * nowhere else.  NULL or "": he has it, or has another way to it. */
    const char *code;
    /* What the receipt says of files that came with it: how many could not be taken, and of a film that is cut how many seconds
     * are kept.  0: nothing. */
    uint32_t lost, cut;
};

/* Seals a contact to the notifier's key as intake tells it, for what travels otherwise than in a submission.  DONE, *ret
 * in hexadecimal, the caller's to free, and the key's number in *ret_key; REFUSED: nothing could be sent to that address, or it
 * is too long; UNSENT: the handle has no intake, or it has not greeted us yet (aduan_is_up). */
enum aduan_result aduan_contact_seal (struct aduan *aduan, const struct aduan_contact *contact,
                                      char **ret, uint64_t *ret_key);

struct aduan_submission {
    uint32_t kind;            /* enum aduan_kind; 0: complaint */
    const void *key;          /* idempotency key, at most 128 bytes; never a phone number or NIK */
    size_t key_len;           /* 0: strlen (key) */
    uint64_t created;         /* when the form was opened or the message was sent */
    uint32_t channel;         /* enum aduan_channel */
    uint32_t complaint_class; /* enum aduan_class; 0: not said */
    uint32_t category;        /* number in the registry; 0: not said */
    const char *place;        /* region code, 33.74.01.1001, any level */
    const char *location;     /* in the reporter's words */
    int64_t latitude, longitude; /* 1e-7 degree; both 0: not said */
    const char *incident;        /* YYYY-MM-DD, from 1945 on */
    const char *target;          /* code of the agency that the reporter names */
    uint32_t anonymous, secret;  /* enum aduan_flag */
    const char *parent;          /* tracking number: for every kind but complaint */
    const char *code;            /* access code; only its hash travels */
    uint32_t priority;           /* enum aduan_priority; 0: normal */
    uint32_t language;           /* enum aduan_language; 0: Indonesian */
    const char *external;        /* the number that another system gave it */
    uint32_t rating;             /* 1 to 5 */
    const void *title;           /* any bytes: broken text is a broken telephone, not a fault */
    size_t title_len;            /* 0: strlen (title) */
    const void *text;
    size_t text_len;         /* 0: strlen (text) */
    const void *attachments; /* front keys: BLAKE2b-256 digests of files that it has taken, 32
                                bytes each, at most 5 */
    size_t attachments_len;
    const struct aduan_identity *identity; /* NULL: none */
    const struct aduan_contact *contact;   /* NULL: none */
    uint32_t consent;                      /* of a consent: enum aduan_flag */
    const char *account; /* front keys, and required of them: the adapter for which it speaks */
    const uint8_t
        *code_hash; /* 32 bytes, in place of `code`: of whoever knows the hash alone; NULL: none */
    /* Front keys: ADUAN_SENDER_SIZE bytes, and the contact is where he wrote from; NULL: none. */
    const uint8_t *sender;
    uint32_t
        doubt; /* front keys: enum aduan_doubt; 0: none.  A coordinator sees it before an agency does */
    const uint8_t *
        said; /* ADUAN_SAID_SIZE bytes, a keyed hash of all that was said: compared at a repeat in place of what
                            sealing and looking up make of it, anew at each try; NULL: none */
};

struct aduan_submitted {
    enum aduan_result result; /* ACCEPTED, REJECTED, REFUSED, UNKNOWN, UNSENT */
    uint8_t id[16];           /* complaint_id */
    char number[ADUAN_NUMBER_SIZE];
    uint64_t received; /* receipt, on which the legal clocks stand */
    bool repeated;     /* intake knew it already */
    uint32_t reject;   /* enum aduan_reject */
    char field[33];    /* at fault; "" where none is */
    uint32_t refusal;  /* enum aduan_refusal */
    unsigned tries;    /* how often it was sent */
    /* rejected for a conflict: `number` is of what came first under this key, and this is what came with it */
    uint32_t anonymous, secret, contact; /* enum aduan_flag; 0: not told */
};
typedef void aduan_submitted_fn (void *with, const struct aduan_submitted *result);

/* Starts it.  `done` is called exactly once, from a turn; before this returns only where the
 * submission is at fault itself (REJECTED) or the handle has no intake (UNSENT).  `deadline_ms` from
 * now on; 0: none. */
void aduan_submit_start (struct aduan *aduan, const struct aduan_submission *submission,
                         int64_t deadline_ms, aduan_submitted_fn *done, void *with);
/* The same, waiting; never from a callback. */
enum aduan_result aduan_submit (struct aduan *aduan, const struct aduan_submission *submission,
                                int64_t deadline_ms, struct aduan_submitted *ret);

#define ADUAN_SESSION_SIZE                                                                         \
    32 /* bytes of a session's token; the order `login` tells it in hexadecimal */

/* ---- pull and act -------------------------------------------------------------------------- */

struct aduan_pull {
    const uint32_t *agencies; /* numbers, at most 64, all within the key's scope */
    size_t agency_count;
    uint32_t count;    /* 1 to 100; 0: 1 */
    uint32_t wait_ms;  /* where there is no work, at most 60,000 */
    uint32_t lease_ms; /* 1,000 to 3,600,000; 0: 60,000 */
    const uint8_t
        *session; /* front keys: ADUAN_SESSION_SIZE bytes, of the person who pulls; else NULL */
};

/* What was said on a case before it came to this worker: an act of an agency, or the reporter's word. */
struct aduan_said {
    uint64_t at;
    uint32_t act;            /* enum aduan_act_kind; 0: the reporter said it */
    uint32_t kind;           /* enum aduan_kind; 0: an agency said it */
    uint32_t agency;         /* that acted; 0: the reporter */
    const char *agency_code; /* "" : the reporter */
    uint32_t reason;         /* hand_back: enum aduan_hand_back */
    uint32_t suggested;      /* hand_back: the agency that should have it, 0: not said; assign and
                                support: that gets it */
    const char *suggested_code; /* link, merge, unmerge: the other case's number */
    const char *text;
    const void
        *attachments; /* digests of files that came with it, 32 bytes each, by which the desk's
                                address of each names it; NULL: none */
    size_t attachments_len;
};

/* What was leased to this worker.  Texts and history live as long as the callback, or as the list of
 * aduan_pull: aduan_assignments_free frees them with it. */
struct aduan_assignment {
    uint8_t id[16];
    uint32_t agency;
    uint64_t version; /* to be named in acts on it */
    int64_t stop_at;  /* CLOCK_BOOTTIME ms: 80 % of the lease, counted from the moment the pull
                               was sent plus its wait.  Whoever has not acted by then must stop */
    uint32_t lease_ms;
    uint32_t attempt; /* how often it was leased before without an ACK */
    char number[ADUAN_NUMBER_SIZE];
    uint32_t priority, complaint_class, category;
    char region[14];
    const char *location;                      /* "" where it is not said */
    uint64_t received, due_first, due_resolve; /* 0: not set */
    bool secret;
    const char *title; /* "" : none */
    const char *text;  /* NULL: the content could not be read */
    size_t title_len, text_len;
    const struct aduan_said *history; /* oldest first; NULL: nothing was said since it came */
    size_t history_count;
    uint32_t history_omitted; /* older entries that are left out: the desk has them */
    uint32_t part;            /* enum aduan_part; 0: the lead */
    const void *attachments;  /* as aduan_said's, of what came with the complaint; NULL: none */
    size_t attachments_len;
};
/* ms until stop_at, 0 when it is over.  Counts while the machine sleeps, too. */
int64_t aduan_lease_left (const struct aduan_assignment *assignment);

struct aduan_pulled {
    enum aduan_result result; /* DONE, REFUSED, UNKNOWN, UNSENT */
    uint32_t count;           /* how many came */
    uint32_t reason, refusal;
};
typedef void aduan_assigned_fn (void *with, const struct aduan_assignment *assignment);
typedef void aduan_pulled_fn (void *with, const struct aduan_pulled *result);

/* `assigned` for each one, then `pulled` once.  What comes after `pulled` (a pull that ran out of
 * time) is released by the library, so that another worker has it at once. */
void aduan_pull_start (struct aduan *aduan, const struct aduan_pull *pull, int64_t deadline_ms,
                       aduan_assigned_fn *assigned, aduan_pulled_fn *pulled, void *with);
/* The same, waiting: *ret_list is an array of result->count, freed with aduan_assignments_free. */
enum aduan_result aduan_pull (struct aduan *aduan, const struct aduan_pull *pull,
                              int64_t deadline_ms, struct aduan_assignment **ret_list,
                              struct aduan_pulled *ret);
void aduan_assignments_free (struct aduan_assignment **list, size_t count);

/* Bounds of `delay_ms`; beyond them an act is ADUAN_REFUSED, field "delay", and is not sent. */
#define ADUAN_DELAY_LEAST_MS     1000
#define ADUAN_EXTEND_MOST_MS     86400000 /* a day */
#define ADUAN_EXTEND_STANDARD_MS 60000
#define ADUAN_NACK_MOST_MS       2592000000 /* 30 days */
#define ADUAN_NACK_STANDARD_MS   300000

struct aduan_act {
    uint8_t id[16];
    uint32_t agency;
    uint64_t version;
    uint8_t key[16];    /* the act's own; all zeros: the library draws one.  Whoever repeats an act
                           after ADUAN_UNKNOWN must name the same one */
    uint32_t act;       /* enum aduan_act_kind */
    const char *text;   /* at most 16,384 bytes */
    uint32_t delay_ms;  /* of NACK and EXTEND, between the bounds above; 0: the standard */
    uint32_t reason;    /* hand_back: enum aduan_hand_back; close: enum aduan_resolution */
    uint32_t suggested; /* hand_back: number of the agency that should have it, 0: not known;
                           assign and support: that gets it */
    uint32_t complaint_class; /* ack: the class, where it was blank */
    uint8_t other[16];        /* link and merge: the other case's id */
    /* front keys: ADUAN_SESSION_SIZE bytes, of the person who acts; else NULL */
    const uint8_t *session;
    uint64_t
        complaint; /* the complaint's version, of the act of one above the holder: then `version` is 0 */
    uint32_t category;        /* verify, correct; 0: as it is */
    const char *region;       /* verify, correct; NULL: as it is */
    const char *title, *body; /* correct: as they are to be shown; split: the part's */
    uint32_t anonymous,
        secret;       /* verify, correct: enum aduan_flag, YES alone; progress, answer: `secret`
                                   says that the words are for the reporter alone */
    uint32_t ending;  /* archive, block: enum aduan_ending */
    uint32_t asks;    /* ask: what is missing, as in PROTOCOL.md */
    uint32_t event;   /* approve, send_back: number of the draft's event */
    uint32_t drafted; /* draft: PROGRESS or ANSWER; 0: ANSWER */
    const uint32_t *copies; /* assign: agencies that are informed, at most 16 */
    size_t copy_count;
    const void *attachments; /* front keys: digests, as in a submission */
    size_t attachments_len;
};
/* Fills id, agency and version, and draws a key. */
void aduan_act_on (const struct aduan_assignment *assignment, struct aduan_act *ret);

struct aduan_acted {
    enum aduan_result result; /* DONE, STALE, REFUSED, UNKNOWN, UNSENT */
    uint32_t reason, refusal;
    uint64_t version; /* the new one of what the act named: the assignment, or the complaint */
    int64_t stop_at;  /* of EXTEND: the new one */
    char field[65];   /* the field at fault; "" where none is */
    uint8_t made[16]; /* of SPLIT: the new complaint's id */
};
typedef void aduan_acted_fn (void *with, const struct aduan_acted *result);

void aduan_act_start (struct aduan *aduan, const struct aduan_act *act, int64_t deadline_ms,
                      aduan_acted_fn *done, void *with);
enum aduan_result aduan_act (struct aduan *aduan, const struct aduan_act *act, int64_t deadline_ms,
                             struct aduan_acted *ret);

/* ---- order --------------------------------------------------------------------------------- */

/* What a person administers: docs/administration.md has the orders, their arguments and results.  Front keys only. */
struct aduan_order {
    const char *order;      /* its name */
    const char *arguments;  /* a JSON object; NULL: {} */
    const uint8_t *session; /* NULL in orders that make one, as login */
    uint8_t key[16]; /* the order's own; all zeros: the library draws one.  Whoever repeats an order
                               after ADUAN_UNKNOWN must name the same one */
};

struct aduan_ordered {
    enum aduan_result result; /* DONE, REFUSED, UNKNOWN, UNSENT */
    uint32_t reason, refusal;
    char detail[65];  /* the argument at fault; "" where none is */
    const char *text; /* DONE: a JSON object, NUL behind it; lives as long as the callback */
};
typedef void aduan_ordered_fn (void *with, const struct aduan_ordered *result);
void aduan_order_start (struct aduan *aduan, const struct aduan_order *order, int64_t deadline_ms,
                        aduan_ordered_fn *done, void *with);
/* Waiting; *ret_text is the caller's to free, NULL where not DONE (ret->text is NULL always). */
enum aduan_result aduan_order (struct aduan *aduan, const struct aduan_order *order,
                               int64_t deadline_ms, struct aduan_ordered *ret, char **ret_text);

/* ---- ask ----------------------------------------------------------------------------------- */

/* A named query of aduan-query, arguments as a JSON array of strings: rows as JSON.  Or a page of
 * any program's control socket, with `arguments` NULL: lines of text.  REFUSED: `text` says why. */
struct aduan_answer {
    enum aduan_result result; /* DONE, REFUSED, UNKNOWN, UNSENT */
    const char *text;         /* NUL behind it; lives as long as the callback */
    size_t text_len;
};
typedef void aduan_answer_fn (void *with, const struct aduan_answer *answer);
void aduan_ask_start (struct aduan *aduan, const char *query, const char *arguments,
                      int64_t deadline_ms, aduan_answer_fn *done, void *with);
/* Waiting; *ret_text is the caller's to free, NULL for UNKNOWN and UNSENT. */
enum aduan_result aduan_ask (struct aduan *aduan, const char *query, const char *arguments,
                             int64_t deadline_ms, char **ret_text);
/* The same in a person's name: a query desk_*, and rows are what the person may see whose session it is
 * (ADUAN_SESSION_SIZE bytes).  `session` NULL: as above. */
void aduan_ask_as_start (struct aduan *aduan, const uint8_t *session, const char *query,
                         const char *arguments, int64_t deadline_ms, aduan_answer_fn *done,
                         void *with);
enum aduan_result aduan_ask_as (struct aduan *aduan, const uint8_t *session, const char *query,
                                const char *arguments, int64_t deadline_ms, char **ret_text);

#ifdef __cplusplus
}
#endif
#endif

/* client.h - inside libaduan: operations, the lines they travel on, and the lists they wait in.
 *
 * An operation is one thing that was started and not yet answered.  It is on exactly the list that
 * its state names; op_move() is the only function that changes either.
 *
 *   WAITING   line->waiting[kind]: to be sent as soon as the link is up and has credit
 *   SENT      line->sent: said, not answered; at `at` it is repeated
 *   RESTING   line->resting: TEMPFAIL or a refusal for now; at `at` it waits again
 *   OVER      nowhere: its callback runs, then it is freed
 *
 * A lost link moves SENT to WAITING: what was said may or may not have arrived, and repeating is
 * harmless by key.  SENT never ends as "failed": only an answer or the caller's deadline ends it.
 * WAITING ends earlier where the caller says so (away_ms): only what has had no effect, as a question.
 */
#ifndef ADUAN_CLIENT_H
#define ADUAN_CLIENT_H

#include <uthash.h>
#include "base/base.h"
#include "client/aduan.h"
#include "daemon/link.h"
#include "daemon/parcel.h"
#include "daemon/reactor.h"
#include "wire/wire.h"

#define REPEAT_FIRST_MS 5000
#define REPEAT_LAST_MS  60000
#define UNSAID_LEAST_MS 1000 /* a link may be coming while its far side is away */
#define SCAN_LEAST_MS   10   /* a scan visits every operation: not more often than this */

/* In the order in which they leave when credit is short: acts end leases, so they come before
 * pulls, which make new ones. */
enum op_kind { OP_SUBMIT, OP_ACT, OP_ORDER, OP_PULL, OP_ASK, OP_SHOW, OP_KINDS };
enum op_state { OP_OVER, OP_WAITING, OP_SENT, OP_RESTING };
enum line_kind { LINE_INTAKE, LINE_ROUTER, LINE_QUERY, LINES };

/* Why an operation ends, with what its kind needs of it. */
struct op_ending {
    enum aduan_result result;
    uint32_t reason, refusal, reject;
    const char *field;                   /* NULL: none */
    const struct msg_accepted *accepted; /* ACCEPTED */
    const struct msg_reject *rejected;   /* REJECTED by intake */
    const struct msg_acted *acted;       /* DONE of an act */
    const struct msg_pulled *pulled;
    const struct msg_ordered *ordered;
    struct view text; /* of an answer */
};

/* A submission whose identity or contact waits for the key that welcome brings; see seal.c. */
struct unsealed;

struct op {
    enum op_kind kind;
    enum op_state state;
    uint64_t ref;
    struct line *line;
    int64_t at;        /* mono_ms: SENT repeat, RESTING wake */
    int64_t deadline;  /* mono_ms; 0: none */
    int64_t unsaid_by; /* mono_ms: WAITING ends then, nobody is there; 0: none */
    int64_t said_at;   /* CLOCK_BOOTTIME ms; of a pull the last time it was said, else the first */
    unsigned tries;
    int64_t pause; /* ms: the silence or rest that the next repeat doubles */
    struct op *prev, *next;
    UT_hash_handle hh;

    union {
        aduan_submitted_fn *submitted;
        aduan_acted_fn *acted;
        aduan_pulled_fn *pulled;
        aduan_answer_fn *answer;
        aduan_ordered_fn *ordered;
    };
    aduan_assigned_fn *assigned;
    void *with;

    struct unsealed *unsealed; /* owned; NULL once the frames are there */
    unsigned frames;
    size_t frame_len[2];
    char *bytes; /* of the frames, one behind the other; owned */

    struct msg_pull pull; /* OP_PULL: said anew, with a new ref, each time */
    uint64_t agencies[64];
    uint8_t session[ADUAN_SESSION_SIZE];
    uint32_t came;     /* assignments delivered */
    uint32_t delay_ms; /* OP_ACT extend: the lease it asks for */
};

/* One link of a handle and what is to be said on it. */
struct line {
    struct aduan *aduan;
    struct link *link; /* NULL: the handle has no such line */
    struct op *waiting[OP_KINDS], *sent, *resting;
    int64_t down_at; /* mono_ms since when the link is not up; 0: it is */
    bool pumping;
};

/* Who pulled by a ref that nothing waits for any more: what still comes for it is given back in his name. */
struct late_pull {
    uint64_t ref;
    uint8_t session[ADUAN_SESSION_SIZE];
};
#define LATE_PULLS 64

struct aduan {
    struct aduan_loop *loop;
    bool own_loop;
    char name[65];
    char *key_file; /* NULL: the key was given as itself */
    int64_t repeat_ms, away_ms;
    struct line lines[LINES];
    struct op *ops;                    /* by ref */
    struct late_pull late[LATE_PULLS]; /* a ring */
    unsigned late_next;
    struct aduan *prev, *next;
};

struct watch;

struct aduan_loop {
    struct reactor *reactor;
    bool own_reactor;
    struct aduan *handles;
    struct watch *watches;
    struct timer *timer; /* rings at the earliest `at` or deadline of any operation */
    int64_t rings_at;    /* 0: silent */
    uint64_t next_ref;
    uint64_t dice;  /* of the jitter */
    unsigned depth; /* turns that are running: 1 while a callback may be */
    struct buffer frame[2];
};

/* A loop on a reactor that a daemon runs itself. */
struct aduan_loop *client_loop_on (struct reactor *reactor);
struct reactor *client_reactor (struct aduan_loop *loop);

/* ---- op.c ---------------------------------------------------------------------------------- */

struct op *op_new (struct aduan *aduan, enum line_kind line, enum op_kind kind, int64_t deadline_ms,
                   void *with);
/* Takes copies of the loop's first `frames` frames as what is to be said. */
void op_frames (struct op *op, unsigned frames);
/* Hands it to its line: sent now if it can be.  May end it. */
void op_start (struct op *op);
/* Runs the callback, frees it.  Takes *op. */
void op_end (struct op *op, const struct op_ending *ending);
void op_rest (struct op *op, int64_t least_ms);
struct op *op_find (struct aduan *aduan, enum op_kind kind, uint64_t ref);
/* Says what can be said. */
void line_pump (struct line *line);
/* The link is down: what was said is unknown, and is said again. */
void line_down (struct line *line);
/* The door does not let our key in: what is under way ends, as refused where it was never said. */
void line_refuse (struct line *line);
/* Ends everything that is under way, as unknown or unsent. */
void line_end (struct line *line);
/* The loop's timer rang. */
void at_due (void *owner);
int64_t boot_ms (void);

/* The same as an answer: what the kinds make of an ending (submit.c, work.c,
 * ask.c, order.c). */
void submit_ended (struct op *op, const struct op_ending *ending);
void act_ended (struct op *op, const struct op_ending *ending);
void pull_ended (struct op *op, const struct op_ending *ending);
void ask_ended (struct op *op, const struct op_ending *ending);
void order_ended (struct op *op, const struct op_ending *ending);
/* Encodes a pull's frame with a new ref. */
void pull_say (struct op *op);

/* ---- handlers ------------------------------------------------------------------------------ */

link_message_fn on_accepted, on_tempfail, on_reject, on_assigned, on_pulled, on_acted, on_ordered,
    on_rows, on_shown;

/* ---- seal.c -------------------------------------------------------------------------------- */

/* Keeps clear what cannot be sealed yet, in locked memory.  `own`: the contact is where its reporter wrote from.  NULL and
 * *ret_field where it is over its limit. */
struct unsealed *unsealed_new (const char *adapter, struct view key,
                               const struct aduan_identity *identity,
                               const struct aduan_contact *contact, bool own,
                               const struct msg_content *content, const char **ret_field);
/* Seals with the keys of `welcome` and encodes the content frame into `out`; wipes and frees.
 * 0, or FAIL_ABSENT where welcome brought no such key (it is freed all the same). */
int unsealed_close (struct unsealed **unsealed, const struct msg_welcome *welcome,
                    struct buffer *out);
void unsealed_free (struct unsealed **unsealed);
/* submit.c: has it an address that something can be sent to, or none? */
bool contact_right (const struct aduan_contact *contact);

/* NULL and "" both mean absent. */
struct view view_said (const char *text);
struct view view_sized (const void *at, size_t len);

#endif

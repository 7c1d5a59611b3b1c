/* command.h - the words by which a reporter steers what he gets, whichever gateway they come by (docs/channels.md, "Words").
 * They are known here alone. */
#ifndef ADUAN_COMMAND_H
#define ADUAN_COMMAND_H

#include "gateway.h"

#define COMMAND_SAID 20 /* what was meant for a number, and its NUL */

enum command_word {
    COMMAND_NONE,   /* other words: a reply, or a complaint */
    COMMAND_REPORT, /* LAPOR: what stands behind it is a complaint */
    COMMAND_TRACK,  /* LACAK and a number, or alone; a number alone */
    COMMAND_CODE,   /* KODE and a number, or alone: the access code of a case of his own */
    COMMAND_HELP,
    COMMAND_STOP,  /* BERHENTI: no more news */
    COMMAND_START, /* MULAI: news of all his cases go to where he writes from, again */
};

struct command {
    enum command_word word;
    const char *
        rest; /* of the text that was read: what stands behind the word, or behind a number that it begins with */
    char number
        [ADUAN_NUMBER_SIZE]; /* that TRACK or CODE names, or with which other words begin; "": none that is right */
    bool
        wrong; /* of TRACK and CODE: there are words behind it, and no number that is right among them */
    char said[COMMAND_SAID]; /* of those what was perhaps meant for one; "": nothing */
};

/* Reads a text.  `prefixes`: words that stand for LAPOR, NULL behind the last; NULL: LAPOR alone. */
struct command command_read (const char *text, char *const *prefixes);

/* How a command ended: the key of a text of deploy/text for its sender, and what stands in it for {number} and {code}, which end with
 * the call.  NULL: it cannot be done now, and is to be brought again. */
typedef void command_end_fn (void *with, const char *key, const char *number, const char *code);

/* Does what HELP, TRACK, CODE, STOP and START ask; `message` says who asks, and is taken.  `then` is called once, here or later. */
void command_do (const struct command *command, struct message *message, command_end_fn *then,
                 void *with);
/* STOP, of the case or the notice that an address named, and of all cases of the message's sender: each forgets where its news
 * go.  `named` may be NULL.  The key is "auto_stopped", or "auto_stopped_none" where there was no case to stop. */
void command_stop (struct message *message, const struct notice_name *named, command_end_fn *then,
                   void *with);

#endif

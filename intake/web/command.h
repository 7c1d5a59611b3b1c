/* command.h - the words by which a reporter steers what he gets, whichever gateway they come by (docs/channels.md, "Words").
 * They are known here alone.
 *
 * Words are read by code point (spelling.h): what is no letter and no digit does not count around them, so `*BERHENTI*`, "STOP" in
 * curly quotes or behind a byte order mark, and STOP with an emoji are what they are meant for.  What a word does to the words beside it:
 *
 *   LAPOR, or a regency's prefix     the first word; what stands behind is a complaint.  Where that says nothing (says_nothing): help
 *   BANTUAN, BERHENTI, MULAI         the only word.  With any other word it is what it says: "STOP kekerasan di sekolah" is a complaint
 *   LACAK                            the first word, whatever follows
 *   STATUS, CEK, KODE                the first word, where it is alone, or a number, what was meant for one, a single word or one about
 *                                    reports follows: "Status jalan masih sama" is what it says
 *   a number                         the only word, or in several pieces: how far its case is.  With words behind it they are for that case */
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
    COMMAND_STOP,  /* BERHENTI: no more news to where he writes from */
    COMMAND_START, /* MULAI: they go there again */
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
/* STOP: nothing goes to where the message comes from any more, whoever named it; and all cases of its sender, and the case or the
 * notice that an address named (NULL: none), forget where their news go.  START ends that.  The keys are "auto_stopped" and
 * "auto_started", whatever there was to stop: nobody learns which cases there are. */
void command_wish (struct message *message, enum command_word word, const struct notice_name *named,
                   command_end_fn *then, void *with);

#endif

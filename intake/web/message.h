/* message.h - what somebody wrote by SMS, WhatsApp or mail, on its way to intake; for all gateways (docs/channels.md).
 *
 *   MADE -> (ASKING: whose case is it?) -> STORING (files, one after the other) -> SENDING -> done
 *
 * A gateway's sender has no form that could keep a token.  So the key of his case derives, under the web doors' secret, from what
 * the provider calls the message: its repeat is the same complaint.  The access code derives from him and from when he sent it, which
 * stands in the case's id: so it is kept nowhere, and can be told to him again, to nobody else.  And what he says later is known by
 * him: a keyed hash of his number or address goes along with the complaint, and aduan-query finds his cases by it.
 */
#ifndef ADUAN_MESSAGE_H
#define ADUAN_MESSAGE_H

#include "web.h"

#define WORDS_WHOLE                                                                                \
    10000 /* signs that go as text: the wire's limit; what is more goes as a file beside it */

struct message {
    struct web *web;
    const char *account; /* lives for ever */
    uint32_t channel;
    struct aduan_token token;
    uint64_t created;
    uint8_t sender[ADUAN_SENDER_SIZE];
    bool has_sender;
    /* Where news go; address NULL: nowhere. */
    const char *kind;
    char *address, *message_id, *references;
    bool answered;              /* its door tells him the number: no notice that it was received */
    char *name, *phone, *email; /* who it is, sealed */
    struct buffer envelope;     /* headers or the provider's words of it, sealed */
    char *title;
    struct buffer text;
    bool wordless;               /* text is ours, as "(foto tanpa teks)" */
    int64_t latitude, longitude; /* 1e-7 degree; both 0: not said */
    struct buffer files[FILES_MOST];
    unsigned file_count, file_next;
    unsigned lost;   /* files that could not be taken: text and receipt say so */
    unsigned cut;    /* of a film that is longer the seconds that are kept; 0: there is none */
    unsigned unsaid; /* the same of a film that does not say how long it is: the text says so */
    uint8_t digests[FILES_MOST * DIGEST_BYTES];
    unsigned digest_count;
    struct tally tally;
    char number[ADUAN_NUMBER_SIZE]; /* of the case whose reporter says it; "": a complaint */
    uint8_t code_hash[32];
    void (*asked) (struct message *message, json_t *rows);
    void (*done) (void *with, struct message *message, const struct aduan_submitted *result);
    void *with;
};

/* `account` lives for ever. */
struct message *message_new (struct web *web, const char *account, uint32_t channel);
void message_free (struct message *message);
/* Key and `created`, from the provider's name of the message, or what stands for it, and when it says that it was
 * sent (ms since 1970; 0: not said).  Ahead of our own clock, or not said, it is the UTC day. */
void message_named (struct message *message, struct view name, uint64_t sent);
/* Who sent it: a number in digits, or an address in lower case. */
void message_from (struct message *message, const char *sender);
/* A file that came with it, copied; one that is too many or too large is counted in `lost`. */
void message_file (struct message *message, struct view bytes);
/* Asks aduan-query for rows of web_<query>; `then` gets them, NULL: nobody could be asked.  Takes `arguments`. */
void message_ask (struct message *message, const char *query, json_t *arguments,
                  void (*then) (struct message *message, json_t *rows));
/* Asks for the sender's last cases. */
void message_ask_sender (struct message *message,
                         void (*then) (struct message *message, json_t *rows));
/* The access code of a case of this sender, by a row of what he asked for (message_ask_sender): *ret, wiped by the caller; false:
 * the row's code is none that a gateway made.  The rows stand for each other: a part that was split off has the code of its whole. */
bool message_code (const struct message *message, const json_t *rows, const json_t *row,
                   char ret[ADUAN_CODE_SIZE]);
/* Is there a `word` in what a row says that its reporter may do? */
bool row_may (const json_t *row, const char *word);
/* Of a sender's cases those that he may add to. */
struct open_rows {
    unsigned count;
    const json_t *only;   /* there is no other; NULL: there are none, or several */
    const json_t *asking; /* the only one whose agency asks him; NULL likewise */
};
struct open_rows rows_open (const json_t *rows);
/* That of this number, if he may add to it; or NULL. */
const json_t *row_numbered (const json_t *rows, const char *number);
/* It belongs to the case of this row. */
void message_join (struct message *message, const json_t *row);
/* Stores its files and submits.  `done` is called once, from a later turn or at once, then the message is freed.  What came to
 * nothing but may be tried again is ADUAN_UNSENT or ADUAN_UNKNOWN. */
void message_send (struct message *message,
                   void (*done) (void *with, struct message *message,
                                 const struct aduan_submitted *result),
                   void *with);

/* The hash by which an account knows a sender. */
void sender_hash (const struct web *web, const char *account, const char *sender,
                  uint8_t ret[ADUAN_SENDER_SIZE]);
/* Wipes and frees a text; NULL: nothing. */
void text_wipe (char *text);
/* A hash of bytes under the web doors' secret, for one purpose: `use` is at most 16 signs. */
void web_hash (const struct web *web, const char *use, struct view bytes, uint8_t *ret, size_t len);

#endif

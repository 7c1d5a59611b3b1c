/* mime.h - a mail as it came over the wire, read: who wrote what, what came with it, and whether a machine did.
 *
 * Pure, and slow: for a thread beside the reactor.  Whatever the bytes are, something is read: a mail that cannot be taken
 * apart within the limits below is its header and, as a file, the rest of it.
 */
#ifndef ADUAN_MIME_H
#define ADUAN_MIME_H

#include "base/base.h"

#define MAIL_MOST    31457280 /* bytes of a mail */
#define HEADERS_MOST 65536    /* bytes of its header that are kept, sealed */
#define MAIL_FILES   16       /* that are looked at; how many are kept is the content store's */
#define MAIL_TOKENS  8

/* What a machine's report says of a mail of ours. */
enum bounce {
    BOUNCE_NONE,
    BOUNCE_DELIVERED,
    BOUNCE_DELAYED,
    BOUNCE_FAILED,  /* of a kind that does not say how */
    BOUNCE_REFUSED, /* given up */
};

struct mail {
    char *from, *name;             /* NULL: none that can be read; the address in lower case */
    char *subject;                 /* NULL: none */
    char *message_id, *references; /* as they may stand in our own headers; NULL: none */
    struct buffer headers;
    int64_t date_ms; /* 0: none that can be read */
    struct buffer text;
    struct buffer files[MAIL_FILES];
    unsigned file_count, lost;
    char *tokens[MAIL_TOKENS]; /* what stands behind a + in addresses that it was sent to */
    unsigned token_count;
    bool machine; /* wrote it: never answered (PEERS 5.3) */
    bool replied; /* by itself, to something: no word of a person */
    bool looped;  /* it is one of our own */
    enum bounce bounce;
    unsigned bounce_code; /* 511 of "5.1.1"; 0: not said */
};

/* Once, on the main thread, before any other use. */
void mail_begin (void);
/* `own`: our own address, "" where it is not known. */
void mail_read (struct view raw, const char *own, struct mail *ret);
void mail_done (struct mail *mail);
/* Takes what is quoted, and the signature, out of a reply's text. */
void mail_trim (struct buffer *text);
/* Appends what an HTML text says; in html.c. */
void html_text (struct view html, struct buffer *out);

#endif

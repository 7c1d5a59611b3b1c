/* audit.h - aduan-audit: does the record say today what it said when it was written?  docs/audit.md.
 *
 *   main.c     the command: verify, head, identity, show
 *   stream.c   rows of a cursor, one after the other, and their canonical bytes
 *   links.c    verify: digests follow from links, each head from the one before
 *   heads.c    signatures, and heads that were kept elsewhere
 *   rows.c     verify: rows follow from digests, none too many, none too few
 *   finding.c  what is wrong is said, and counted
 *   told.c     identity and show: what was done, to people
 *
 * Nothing here is shared with the store that made the chain, but this page's words: it reads plain columns and computes
 * for itself.  It reads only, in one snapshot, by the role aduan_audit; memory does not grow with the record.
 */
#ifndef ADUAN_AUDIT_H
#define ADUAN_AUDIT_H

#include "base/base.h"

#include <libpq-fe.h>
#include <sodium.h>

#define HASH_LEN     32
#define FINDINGS_MAX 50 /* said; all are counted */

/* A digest's kind says what it is of. */
enum kind {
    KIND_BEFORE = 10,
    KIND_EVENT = 11,
    KIND_CHANGE = 12,
    KIND_LOOK = 13,
    KIND_ASK = 14,
    KIND_APPROVAL = 15,
    KIND_OPENING = 16,
    KIND_ERASED = 17
};

struct audit {
    PGconn *db;
    bool json;
    char *conninfo, *keys_path;
    const char *from, *to; /* moments as the user wrote them, or NULL */
    const char *head_path; /* heads that were kept, or NULL */
    uint8_t (*keys)[crypto_sign_PUBLICKEYBYTES];
    size_t key_count;
    uint64_t findings;
    /* what was seen */
    uint64_t links, digests, rows, opaque, tail;
    int64_t first_link, last_link, last_total;
    int64_t last_at;                /* us since 2000 */
    int64_t signed_link, signed_at; /* newest good signature; 0: none */
    int64_t first_tx, last_tx;      /* of the digests that the links cover */
};

/* ---- finding.c */
/* One line: `what` names the kind of finding ("digest", "row", ...). */
__attribute__ ((format (printf, 3, 4))) void finding (struct audit *audit, const char *what,
                                                      const char *format, ...);
/* A JSON string on standard output. */
void put_json (const char *text);
/* A moment of PostgreSQL's (us since 2000) as 2026-11-26T10:00:00.000000Z.  Eight-buffer rule as id_text. */
const char *moment_text (int64_t us);

/* ---- stream.c */
/* Rows of a query in their order, a thousand at a time; in one transaction's snapshot. */
struct stream {
    struct audit *audit;
    const char *name;
    PGresult *rows;
    int at, count;
    bool over;
};
void stream_open (struct stream *stream, struct audit *audit, const char *name, const char *query);
/* Goes on to the next row; false: there is none. */
bool stream_next (struct stream *stream);
void stream_close (struct stream *stream);
/* Of the row that it stands at; null: 0, or a view without bytes. */
int64_t stream_int (const struct stream *stream, int column);
struct view stream_view (const struct stream *stream, int column);
/* The bytes that columns [first, first + count) have in the canonical form, added to `out`. */
void stream_canonical (const struct stream *stream, int first, int count, struct buffer *out);
/* Begins the snapshot; ends the program where the database cannot be read. */
void audit_connect (struct audit *audit);
PGresult *audit_query (struct audit *audit, const char *query, int count,
                       const char *const *values);

/* ---- the passes */
void links_verify (struct audit *audit);
void rows_verify (struct audit *audit);
void guards_verify (struct audit *audit);
/* Reads the public keys that may sign; 0, or an exit status. */
int keys_read (struct audit *audit);
void heads_link (struct audit *audit, int64_t link, int64_t total, const uint8_t head[HASH_LEN]);
int heads_begin (struct audit *audit);
void heads_end (struct audit *audit);
int head_print (struct audit *audit);

/* ---- told.c */
int identity_print (struct audit *audit);
int show_print (struct audit *audit, const char *whom);

#endif

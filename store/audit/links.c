/* links.c - verify, first pass: digests follow from links, each head from the one before.
 *
 * Digests come by their number, links by theirs; a digest whose transaction ended late is covered by a later link than
 * those around it, and is kept meanwhile.  What is kept when the links are over is the tail, or in no link.
 */
#include "audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define KEPT_MOST 1000000 /* digests that no link has covered yet */

struct digest {
    int64_t number, tx, at;
    struct buffer bytes;
    UT_hash_handle hh;
};

struct pass {
    struct audit *audit;
    struct stream links, digests;
    bool digest_there; /* `digests` stands at one that is not used */
    struct digest *kept;
    int64_t upper, floor; /* of the last link */
    uint8_t head[HASH_LEN];
    struct buffer scratch;
};

enum { LINK, AT, COUNT, TOTAL, COVERS, HEAD, UPPER, FLOOR };
enum { NUMBER, DIGEST_AT, KIND, DIGEST_COUNT, DIGEST, TX, MARKS, DIGEST_COLUMNS };

/* ---- digests --------------------------------------------------------------------------------- */

static void keep (struct pass *pass)
{
    struct digest *digest = xcalloc (1, sizeof *digest);
    digest->number = stream_int (&pass->digests, NUMBER);
    digest->tx = stream_int (&pass->digests, TX);
    digest->at = stream_int (&pass->digests, DIGEST_AT);
    stream_canonical (&pass->digests, 0, DIGEST_COLUMNS, &digest->bytes);
    HASH_ADD (hh, pass->kept, number, sizeof digest->number, digest);
    if (HASH_COUNT (pass->kept) > KEPT_MOST) {
        finding (pass->audit, "digest", "more than %d in a row are in no link", KEPT_MOST);
        pass->digest_there = false;
        pass->digests.over = true;
    }
}

static void forget (struct pass *pass, struct digest *digest)
{
    HASH_DEL (pass->kept, digest);
    buffer_free (&digest->bytes);
    free (digest);
}

static void seen (struct pass *pass, int64_t tx)
{
    struct audit *audit = pass->audit;
    audit->digests++;
    if (!audit->first_tx || tx < audit->first_tx)
        audit->first_tx = tx;
    if (tx > audit->last_tx)
        audit->last_tx = tx;
}

/* Adds the digest of this number to the hash; false: it is not there. */
static bool cover (struct pass *pass, crypto_hash_sha256_state *hash, int64_t number)
{
    struct digest *digest = NULL;
    HASH_FIND (hh, pass->kept, &number, sizeof number, digest);
    if (digest) {
        crypto_hash_sha256_update (hash, (const uint8_t *) digest->bytes.at, digest->bytes.len);
        seen (pass, digest->tx);
        forget (pass, digest);
        return true;
    }
    while (pass->digest_there && stream_int (&pass->digests, NUMBER) < number) {
        keep (pass);
        pass->digest_there = pass->digest_there && stream_next (&pass->digests);
    }
    if (!pass->digest_there || stream_int (&pass->digests, NUMBER) != number)
        return false;
    buffer_clear (&pass->scratch);
    stream_canonical (&pass->digests, 0, DIGEST_COLUMNS, &pass->scratch);
    crypto_hash_sha256_update (hash, (const uint8_t *) pass->scratch.at, pass->scratch.len);
    seen (pass, stream_int (&pass->digests, TX));
    pass->digest_there = stream_next (&pass->digests);
    return true;
}

/* ---- links ----------------------------------------------------------------------------------- */

/* "{[1,3),[7,8)}": numbers from, and up to but without. */
static const char *next_range (const char *at, const char *end, int64_t *ret_from, int64_t *ret_to)
{
    char text[64];
    while (at < end && *at != '[')
        at++;
    snprintf (text, sizeof text, "%.*s", (int) (end - at), at);
    if (sscanf (text, "[%" SCNd64 ",%" SCNd64 ")", ret_from, ret_to) != 2)
        return NULL;
    return at + 1;
}

static void verify_link (struct pass *pass, bool first)
{
    struct audit *audit = pass->audit;
    struct stream *links = &pass->links;
    int64_t link = stream_int (links, LINK), count = 0, from, to;
    struct view covers = stream_view (links, COVERS), head = stream_view (links, HEAD);
    crypto_hash_sha256_state hash;
    uint8_t made[HASH_LEN];
    char *when = xstrdup (moment_text (stream_int (links, AT)));
    if (!first && link != audit->last_link + 1)
        finding (audit, "link", "%" PRId64 " to %" PRId64 " are gone", audit->last_link + 1,
                 link - 1);
    if (!first && stream_int (links, TOTAL) != audit->last_total + stream_int (links, COUNT))
        finding (audit, "link", "%" PRId64 " of %s counts %" PRId64 " digests in all, not %" PRId64,
                 link, when, stream_int (links, TOTAL),
                 audit->last_total + stream_int (links, COUNT));
    crypto_hash_sha256_init (&hash);
    if (link > 1)
        crypto_hash_sha256_update (&hash, pass->head, HASH_LEN);
    buffer_clear (&pass->scratch);
    stream_canonical (links, 0, COVERS, &pass->scratch);
    crypto_hash_sha256_update (&hash, (const uint8_t *) pass->scratch.at, pass->scratch.len);
    uint64_t before = audit->findings;
    for (const char *at = covers.at, *end = covers.at + covers.len;
         at && (at = next_range (at, end, &from, &to));)
        for (int64_t number = from; number < to; number++, count++)
            if (!cover (pass, &hash, number))
                finding (audit, "digest", "%" PRId64 " is gone; link %" PRId64 " of %s covers it",
                         number, link, when);
    crypto_hash_sha256_final (&hash, made);
    if (count != stream_int (links, COUNT))
        finding (audit, "link", "%" PRId64 " of %s counts %" PRId64 " digests and covers %" PRId64,
                 link, when, stream_int (links, COUNT), count);
    if (head.len != HASH_LEN ||
        (audit->findings == before && memcmp (head.at, made, HASH_LEN) != 0))
        finding (audit, "link",
                 "%" PRId64 " of %s does not follow from the head before and its %" PRId64
                 " digests (%.*s): one of them, the link, or a link before was changed",
                 link, when, count, (int) (covers.len < 200 ? covers.len : 200), covers.at);
    if (head.len == HASH_LEN)
        memcpy (pass->head, head.at, HASH_LEN); /* what follows stands on what is written */
    audit->links++;
    audit->last_link = link;
    audit->last_total = stream_int (links, TOTAL);
    audit->last_at = stream_int (links, AT);
    pass->upper = stream_int (links, UPPER);
    pass->floor = stream_int (links, FLOOR);
    heads_link (audit, link, audit->last_total, pass->head);
    free (when);
}

static void left_over (struct pass *pass, int64_t number, int64_t tx, int64_t at)
{
    if (tx >= pass->upper && number > pass->floor)
        pass->audit->tail++;
    else
        finding (pass->audit, "digest", "%" PRId64 " of %s is in no link: it was added", number,
                 moment_text (at));
}

/* Whole: what no link covers is the tail, or was added.  Of a part nobody can tell. */
static void verify_rest (struct pass *pass, bool whole)
{
    struct digest *digest, *next;
    HASH_ITER (hh, pass->kept, digest, next) {
        if (whole)
            left_over (pass, digest->number, digest->tx, digest->at);
        forget (pass, digest);
    }
    for (; whole && pass->digest_there; pass->digest_there = stream_next (&pass->digests))
        left_over (pass, stream_int (&pass->digests, NUMBER), stream_int (&pass->digests, TX),
                   stream_int (&pass->digests, DIGEST_AT));
}

/* The part that --from and --to name, as links; the head before it is taken for right. */
static void find_part (struct audit *audit, struct pass *pass, int64_t *ret_first,
                       int64_t *ret_last, char **ret_begin)
{
    const char *values[] = {audit->from, audit->to};
    PGresult *found = audit_query (
        audit,
        "with part as (select min (link_id) as first, max (link_id) as last from audit_link"
        "              where ($1::timestamptz is null or at >= $1) and ($2::timestamptz is null or at <= $2))"
        "select coalesce (first, 0), coalesce (last, -1),"
        "       (select encode (head, 'hex') from audit_link where link_id = first - 1),"
        "       (select coalesce (min (lower (covers)), 0) from audit_link where link_id between first and last and not isempty (covers))"
        "  from part",
        2, values);
    *ret_first = strtoll (PQgetvalue (found, 0, 0), NULL, 10);
    *ret_last = strtoll (PQgetvalue (found, 0, 1), NULL, 10);
    if (!PQgetisnull (found, 0, 2))
        (void) hex_parse (PQgetvalue (found, 0, 2), pass->head, HASH_LEN);
    *ret_begin = xstrdup (PQgetvalue (found, 0, 3));
    PQclear (found);
}

void links_verify (struct audit *audit)
{
    struct pass pass = {.audit = audit, .upper = 1};
    int64_t first, last;
    char *begin = NULL;
    bool whole = !audit->from && !audit->to;
    find_part (audit, &pass, &first, &last, &begin);
    char *links = xformat (
        "select link_id, at, count, total, covers::text, head, upper, floor from audit_link "
        "where link_id between %" PRId64 " and %" PRId64 " order by link_id",
        whole ? INT64_MIN : first, whole ? INT64_MAX : last);
    char *digests =
        xformat ("select digest_id, at, kind, count, digest, tx, marks from audit_digest "
                 "where tx > 0 and digest_id >= %s order by digest_id",
                 whole ? "-9223372036854775808" : begin);
    stream_open (&pass.links, audit, "links", links);
    stream_open (&pass.digests, audit, "digests", digests);
    pass.digest_there = stream_next (&pass.digests);
    audit->first_link = first;
    bool is_first = true;
    for (; stream_next (&pass.links); is_first = false) {
        if (is_first && whole && stream_int (&pass.links, LINK) != 1)
            finding (audit, "link", "1 to %" PRId64 " are gone: the chain has lost its beginning",
                     stream_int (&pass.links, LINK) - 1);
        verify_link (&pass, is_first);
    }
    verify_rest (&pass, whole);
    stream_close (&pass.links);
    stream_close (&pass.digests);
    buffer_free (&pass.scratch);
    free (links);
    free (digests);
    free (begin);
}

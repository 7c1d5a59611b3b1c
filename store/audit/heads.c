/* heads.c - signatures in the record, and heads that were kept elsewhere.
 *
 * A line of such a file, as `aduan audit head` prints it:
 *     head   LINK TOTAL AT HEAD
 *     signed LINK TOTAL AT HEAD KEY SIGNATURE          AT in microseconds since 2000, the last three in hexadecimal
 * Links come in order, and so do signatures and heads kept: each is compared when its link is there.
 */
#include "audit.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define FILE_MOST   (64 << 20)
#define HOUR_US     INT64_C (3600000000)
#define SIGNED_LATE (2 * HOUR_US)

struct head {
    int64_t link, total, at;
    uint8_t head[HASH_LEN], key[crypto_sign_PUBLICKEYBYTES], signature[crypto_sign_BYTES];
    bool is_signed;
};

static struct {
    struct stream stream; /* signatures in the record */
    bool there;
    struct head *kept; /* sorted by link */
    size_t count, next;
} heads;

enum { LINK, TOTAL, AT, HEAD, KEY, SIGNATURE };

/* ---- keys ------------------------------------------------------------------------------------ */

/* A line a key, in hexadecimal: this one's and those before it. */
int keys_read (struct audit *audit)
{
    char *text = NULL, *rest = NULL;
    size_t len = 0;
    if (file_read (audit->keys_path, 65536, &text, &len) != 0) {
        fprintf (
            stderr,
            "aduan-audit: %s: the public half of the signing key cannot be read; --key FILE names it\n",
            audit->keys_path);
        return EX_CONFIG;
    }
    for (char *line = strtok_r (text, "\r\n", &rest); line; line = strtok_r (NULL, "\r\n", &rest)) {
        audit->keys = xrealloc (audit->keys, (audit->key_count + 1) * sizeof *audit->keys);
        if (*line == '#')
            continue;
        if (hex_parse (line, audit->keys[audit->key_count++], crypto_sign_PUBLICKEYBYTES) != 0) {
            fprintf (stderr, "aduan-audit: %s: \"%.70s\" is not 64 hexadecimal digits\n",
                     audit->keys_path, line);
            free (text);
            return EX_CONFIG;
        }
    }
    free (text);
    return 0;
}

static bool key_is_ours (const struct audit *audit, const uint8_t key[crypto_sign_PUBLICKEYBYTES])
{
    for (size_t i = 0; i < audit->key_count; i++)
        if (memcmp (audit->keys[i], key, crypto_sign_PUBLICKEYBYTES) == 0)
            return true;
    return false;
}

static void add_int8 (uint8_t **at, int64_t number)
{
    uint64_t big = htobe64 ((uint64_t) number);
    memcpy (*at, &big, sizeof big);
    *at += sizeof big;
}

/* What is signed: "aduan audit head 1" with its NUL, link, total, at, head. */
static bool signature_holds (const struct head *head)
{
    static const char what[] = "aduan audit head 1";
    uint8_t said[sizeof what + 24 + HASH_LEN], *at = said;
    memcpy (at, what, sizeof what);
    at += sizeof what;
    add_int8 (&at, head->link);
    add_int8 (&at, head->total);
    add_int8 (&at, head->at);
    memcpy (at, head->head, HASH_LEN);
    return crypto_sign_verify_detached (head->signature, said, sizeof said, head->key) == 0;
}

/* Is it a signature of ours?  `where` it stands is said where not. */
static bool signature_ours (struct audit *audit, const struct head *head, const char *where)
{
    bool holds = signature_holds (head), ours = key_is_ours (audit, head->key);
    if (!holds)
        finding (audit, "signature", "of link %" PRId64 " %s does not hold", head->link, where);
    else if (!ours)
        finding (audit, "signature", "of link %" PRId64 " %s is by %s, which %s does not name",
                 head->link, where, hex_text (head->key, sizeof head->key), audit->keys_path);
    return holds && ours;
}

/* ---- heads kept elsewhere -------------------------------------------------------------------- */

static bool read_head (const char *line, struct head *ret)
{
    char kind[8], head[65], key[65] = "", signature[129] = "";
    *ret = (struct head){0};
    int count = sscanf (line, "%7s %" SCNd64 " %" SCNd64 " %" SCNd64 " %64s %64s %128s", kind,
                        &ret->link, &ret->total, &ret->at, head, key, signature);
    ret->is_signed = count == 7 && strcmp (kind, "signed") == 0;
    if (!ret->is_signed && !(count == 5 && strcmp (kind, "head") == 0))
        return false;
    return hex_parse (head, ret->head, HASH_LEN) == 0 &&
           (!ret->is_signed || (hex_parse (key, ret->key, sizeof ret->key) == 0 &&
                                hex_parse (signature, ret->signature, sizeof ret->signature) == 0));
}

static int by_link (const void *a, const void *b)
{
    const struct head *one = a, *other = b;
    return (one->link > other->link) - (one->link < other->link);
}

static int read_kept (struct audit *audit)
{
    char *text = NULL, *rest = NULL;
    size_t len = 0;
    if (file_read (audit->head_path, FILE_MOST, &text, &len) != 0) {
        fprintf (stderr, "aduan-audit: --head %s: cannot be read\n", audit->head_path);
        return EX_NOINPUT;
    }
    int status = 0;
    for (char *line = strtok_r (text, "\r\n", &rest); line && status == 0;
         line = strtok_r (NULL, "\r\n", &rest)) {
        heads.kept = xrealloc (heads.kept, (heads.count + 1) * sizeof *heads.kept);
        if (read_head (line, &heads.kept[heads.count++]))
            continue;
        fprintf (stderr, "aduan-audit: --head %s: \"%.80s\" is no line of `aduan audit head`\n",
                 audit->head_path, line);
        status = EX_DATAERR;
    }
    qsort (heads.kept, heads.count, sizeof *heads.kept, by_link);
    for (size_t i = 0; status == 0 && i < heads.count; i++)
        if (heads.kept[i].is_signed)
            (void) signature_ours (audit, &heads.kept[i], "in the file");
    free (text);
    return status;
}

/* ---- beside the links ------------------------------------------------------------------------ */

int heads_begin (struct audit *audit)
{
    int status = audit->head_path ? read_kept (audit) : 0;
    if (status != 0)
        return status;
    stream_open (
        &heads.stream, audit, "signatures",
        "select link_id, total, at, head, key, signature from audit_signature order by link_id");
    heads.there = stream_next (&heads.stream);
    return 0;
}

static struct head head_of_row (const struct stream *row)
{
    struct head head = {.link = stream_int (row, LINK),
                        .total = stream_int (row, TOTAL),
                        .at = stream_int (row, AT),
                        .is_signed = true};
    const struct view views[] = {stream_view (row, HEAD), stream_view (row, KEY),
                                 stream_view (row, SIGNATURE)};
    uint8_t *const to[] = {head.head, head.key, head.signature};
    const size_t len[] = {sizeof head.head, sizeof head.key, sizeof head.signature};
    for (size_t i = 0; i < array_len (views); i++)
        if (views[i].len == len[i])
            memcpy (to[i], views[i].at, len[i]);
    return head;
}

static bool same (const struct head *head, int64_t total, const uint8_t at[HASH_LEN])
{
    return head->total == total && memcmp (head->head, at, HASH_LEN) == 0;
}

void heads_link (struct audit *audit, int64_t link, int64_t total, const uint8_t at[HASH_LEN])
{
    for (; heads.there && stream_int (&heads.stream, LINK) <= link;
         heads.there = stream_next (&heads.stream)) {
        struct head head = head_of_row (&heads.stream);
        if (head.link < link || !signature_ours (audit, &head, "in the record"))
            continue;
        if (!same (&head, total, at)) {
            finding (audit, "signature",
                     "of link %" PRId64 " is of another head: the chain was made anew up to there",
                     link);
        } else {
            audit->signed_link = link;
            audit->signed_at = head.at;
        }
    }
    for (; heads.next < heads.count && heads.kept[heads.next].link <= link; heads.next++)
        if (heads.kept[heads.next].link == link && !same (&heads.kept[heads.next], total, at))
            finding (audit, "head",
                     "of link %" PRId64
                     " is another than the one that was kept: the chain was made anew up to there",
                     link);
}

void heads_end (struct audit *audit)
{
    /* of a stretch without a link nothing is known of the chain's end */
    bool whole = !audit->to && (!audit->from || audit->links);
    int64_t newest = 0;
    while (heads.there) {
        newest = stream_int (&heads.stream, LINK);
        heads.there = stream_next (&heads.stream);
    }
    if (whole && newest > audit->last_link)
        finding (audit, "head",
                 "link %" PRId64 " was signed, the chain ends with link %" PRId64
                 ": its tail is cut",
                 newest, audit->last_link);
    newest = heads.count ? heads.kept[heads.count - 1].link : 0;
    if (whole && newest > audit->last_link)
        finding (audit, "head",
                 "of link %" PRId64 " was kept, the chain ends with link %" PRId64
                 ": its tail is cut",
                 newest, audit->last_link);
    if (whole && audit->links && audit->last_at - audit->signed_at > SIGNED_LATE)
        finding (audit, "signature", "the newest that holds is of %s, the chain goes on to %s",
                 audit->signed_link ? moment_text (audit->signed_at) : "never",
                 moment_text (audit->last_at));
    stream_close (&heads.stream);
    free (heads.kept);
}

/* ---- head ------------------------------------------------------------------------------------ */

int head_print (struct audit *audit)
{
    struct stream stream;
    bool any = false;
    stream_open (
        &stream, audit, "newest",
        "select l.link_id, l.total, l.at, l.head, null::bytea, null::bytea from (select * from audit_link order by link_id desc limit 1) l "
        "union all select s.link_id, s.total, s.at, s.head, s.key, s.signature "
        "from (select * from audit_signature order by link_id desc limit 1) s");
    for (; stream_next (&stream); any = true) {
        struct head head = head_of_row (&stream);
        char signature[2 * crypto_sign_BYTES + 1];
        sodium_bin2hex (signature, sizeof signature, head.signature, sizeof head.signature);
        bool is_signed = stream_view (&stream, KEY).len > 0;
        printf ("%s %" PRId64 " %" PRId64 " %" PRId64 " %s%s%s%s%s\n",
                is_signed ? "signed" : "head", head.link, head.total, head.at,
                hex_text (head.head, HASH_LEN), is_signed ? " " : "",
                is_signed ? hex_text (head.key, sizeof head.key) : "", is_signed ? " " : "",
                is_signed ? signature : "");
    }
    stream_close (&stream);
    return any ? EX_OK : EX_NOINPUT;
}

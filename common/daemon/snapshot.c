/* snapshot.c - collecting pieces, keeping wholes, passing them on. */
#include "daemon/snapshot.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <utlist.h>

#define SNAPSHOT_MAX   (64u << 20)
#define SNAPSHOT_PIECE 524288u
#define DIGEST_LEN     32

struct held {
    uint64_t version; /* 0: none */
    uint8_t digest[DIGEST_LEN];
    char *at;
    size_t len;
    bool from_file; /* and there already */
};

struct wanting {
    struct link *link;
    struct wanting *next;
};

struct snapshots {
    char *folder;
    snapshot_use_fn *use;
    void *owner;
    struct held held[SNAPSHOT_LAST];
    struct held
        tried[SNAPSHOT_LAST];        /* handed over; its user has not said yet whether it is good */
    struct held next[SNAPSHOT_LAST]; /* came meanwhile */
    struct held coming[SNAPSHOT_LAST]; /* len: bytes that are there */
    size_t coming_size[SNAPSHOT_LAST];
    struct wanting *wanting[SNAPSHOT_LAST];
};

static char *path_of (const struct snapshots *snapshots, enum snapshot kind)
{
    return xformat ("%s/%s.snapshot", snapshots->folder, snapshot_word (kind));
}

static void digest_of (const char *at, size_t len, uint8_t *ret)
{
    crypto_generichash (ret, DIGEST_LEN, (const uint8_t *) at, len, NULL, 0);
}

static void write_file (struct snapshots *snapshots, enum snapshot kind);
static void give_all (const struct snapshots *snapshots, enum snapshot kind);

static void drop (struct held *held)
{
    free (held->at);
    *held = (struct held){0};
}

/* The one that was tried is good or not: into force, into the file, to all who want it. */
static int end_trial (struct snapshots *snapshots, enum snapshot kind, int result)
{
    struct held *tried = &snapshots->tried[kind];
    if (result != 0) {
        log_warning ("snapshot %s, version %" PRIu64 ": %s; the former one stays in force",
                     snapshot_word (kind), tried->version, fail_text (result));
        drop (tried);
        return result;
    }
    drop (&snapshots->held[kind]);
    snapshots->held[kind] = *tried;
    *tried = (struct held){0};
    if (snapshots->held[kind].from_file)
        return 0;
    write_file (snapshots, kind);
    log_info ("snapshot %s, version %" PRIu64 " is in force (%zu bytes)", snapshot_word (kind),
              snapshots->held[kind].version, snapshots->held[kind].len);
    give_all (snapshots, kind);
    return 0;
}

/* Into force if the program can use it; takes the bytes. */
static int adopt (struct snapshots *snapshots, enum snapshot kind, struct held *new)
{
    struct held *tried = &snapshots->tried[kind];
    if (tried->at) {
        drop (&snapshots->next[kind]);
        snapshots->next[kind] = *new;
        *new = (struct held){0};
        return 0;
    }
    *tried = *new;
    *new = (struct held){0};
    int result = snapshots->use ? snapshots->use (snapshots->owner, kind, tried->version, tried->at,
                                                  tried->len)
                                : 0;
    return result == SNAPSHOT_LATER ? 0 : end_trial (snapshots, kind, result);
}

void snapshots_settle (struct snapshots *snapshots, enum snapshot kind, int result)
{
    check (snapshots->tried[kind].at);
    end_trial (snapshots, kind, result);
    if (snapshots->next[kind].at)
        adopt (snapshots, kind, &snapshots->next[kind]);
}

static void load (struct snapshots *snapshots, enum snapshot kind)
{
    char *path = path_of (snapshots, kind), *text = NULL;
    size_t len = 0;
    struct held found = {0};
    char hex[DIGEST_LEN * 2 + 1];
    uint8_t digest[DIGEST_LEN];
    if (file_read (path, SNAPSHOT_MAX + 256, &text, &len) == 0) {
        char *body = memchr (text, '\n', len);
        if (body && sscanf (text, "aduan-snapshot %" SCNu64 " %64s", &found.version, hex) == 2 &&
            hex_parse (hex, found.digest, DIGEST_LEN) == 0) {
            body++;
            found.len = len - (size_t) (body - text);
            digest_of (body, found.len, digest);
            if (memcmp (digest, found.digest, DIGEST_LEN) == 0) {
                found.at = xcalloc (found.len + 1, 1);
                memcpy (found.at, body, found.len);
                found.from_file = true;
                adopt (snapshots, kind, &found);
            } else {
                log_warning ("%s: damaged; waiting for a new one", path);
            }
        }
    }
    free (text);
    free (path);
}

struct snapshots *snapshots_new (const char *folder, snapshot_use_fn *use, void *owner)
{
    struct snapshots *snapshots = xcalloc (1, sizeof *snapshots);
    *snapshots = (struct snapshots){.folder = xstrdup (folder), .use = use, .owner = owner};
    mkdir (folder, 0750);
    for (int kind = 1; kind < SNAPSHOT_LAST; kind++)
        load (snapshots, (enum snapshot) kind);
    return snapshots;
}

void snapshots_destroy (struct snapshots **held)
{
    struct snapshots *snapshots = *held;
    if (!snapshots)
        return;
    for (int kind = 1; kind < SNAPSHOT_LAST; kind++) {
        struct wanting *one, *next;
        LL_FOREACH_SAFE (snapshots->wanting[kind], one, next)
            free (one);
        drop (&snapshots->held[kind]);
        drop (&snapshots->tried[kind]);
        drop (&snapshots->next[kind]);
        drop (&snapshots->coming[kind]);
    }
    free (snapshots->folder);
    free (snapshots);
    *held = NULL;
}

struct view snapshots_bytes (const struct snapshots *snapshots, enum snapshot kind)
{
    return (struct view){snapshots->held[kind].at, snapshots->held[kind].len};
}

uint64_t snapshots_version (const struct snapshots *snapshots, enum snapshot kind)
{
    return snapshots->held[kind].version;
}

/* ---- giving -------------------------------------------------------------------------------- */

static void send_whole (const struct held *held, enum snapshot kind, struct link *link)
{
    size_t offset = 0;
    do {
        size_t len = held->len - offset < SNAPSHOT_PIECE ? held->len - offset : SNAPSHOT_PIECE;
        struct msg_snapshot piece = {.snapshot = kind,
                                     .version = held->version,
                                     .digest = {(const char *) held->digest, DIGEST_LEN},
                                     .size = held->len,
                                     .offset = offset,
                                     .piece = {held->at + offset, len}};
        if (link_say (link, WIRE_snapshot, &piece) != 0)
            return; /* it went down: it will ask again */
        offset += len;
    } while (offset < held->len);
}

void snapshots_wanted (struct snapshots *snapshots, struct link *from, const struct msg_want *want)
{
    enum snapshot kind = (enum snapshot) want->snapshot;
    struct wanting *one;
    LL_SEARCH_SCALAR (snapshots->wanting[kind], one, link, from);
    if (!one) {
        one = xcalloc (1, sizeof *one);
        one->link = from;
        LL_PREPEND (snapshots->wanting[kind], one);
    }
    if (snapshots->held[kind].version && snapshots->held[kind].version != want->version)
        send_whole (&snapshots->held[kind], kind, from);
}

void snapshots_gone (struct snapshots *snapshots, struct link *link)
{
    for (int kind = 1; kind < SNAPSHOT_LAST; kind++) {
        struct wanting *one;
        LL_SEARCH_SCALAR (snapshots->wanting[kind], one, link, link);
        if (one) {
            LL_DELETE (snapshots->wanting[kind], one);
            free (one);
        }
    }
}

static void write_file (struct snapshots *snapshots, enum snapshot kind)
{
    const struct held *held = &snapshots->held[kind];
    struct buffer file = {0};
    buffer_format (&file, "aduan-snapshot %" PRIu64 " %s\n", held->version,
                   hex_text (held->digest, DIGEST_LEN));
    buffer_add (&file, held->at, held->len);
    char *path = path_of (snapshots, kind);
    if (file_write (path, file.at, file.len, 0640) != 0)
        log_warning ("%s: cannot be written (%s); a start without the store would use an older one",
                     path, strerror (errno));
    free (path);
    buffer_free (&file);
}

static void give_all (const struct snapshots *snapshots, enum snapshot kind)
{
    struct wanting *one;
    LL_FOREACH (snapshots->wanting[kind], one)
        send_whole (&snapshots->held[kind], kind, one->link);
}

int snapshots_publish (struct snapshots *snapshots, enum snapshot kind, uint64_t version,
                       const char *at, size_t len)
{
    if (len > SNAPSHOT_MAX)
        return FAIL_TOO_LONG;
    struct held new = {.version = version, .at = xcalloc (len + 1, 1), .len = len};
    memcpy (new.at, at, len);
    digest_of (at, len, new.digest);
    return adopt (snapshots, kind, &new);
}

/* ---- holding ------------------------------------------------------------------------------- */

void snapshots_want (struct snapshots *snapshots, struct link *link, enum snapshot kind)
{
    struct msg_want want = {.snapshot = kind, .version = snapshots->held[kind].version};
    link_say (link, WIRE_want, &want);
}

static void begin (struct snapshots *snapshots, const struct msg_snapshot *piece)
{
    struct held *coming = &snapshots->coming[piece->snapshot];
    free (coming->at);
    *coming = (struct held){.version = piece->version, .at = xcalloc ((size_t) piece->size + 1, 1)};
    memcpy (coming->digest, piece->digest.at, DIGEST_LEN);
    snapshots->coming_size[piece->snapshot] = (size_t) piece->size;
}

void snapshots_piece (struct snapshots *snapshots, struct link *from,
                      const struct msg_snapshot *piece)
{
    enum snapshot kind = (enum snapshot) piece->snapshot;
    struct held *coming = &snapshots->coming[kind];
    (void) from;
    if (piece->size > SNAPSHOT_MAX || piece->digest.len != DIGEST_LEN ||
        piece->version == snapshots->held[kind].version ||
        piece->version == snapshots->tried[kind].version)
        return;
    if (piece->offset == 0)
        begin (snapshots, piece);
    if (!coming->at || piece->version != coming->version || piece->offset != coming->len ||
        piece->size != snapshots->coming_size[kind] ||
        piece->piece.len > piece->size - piece->offset)
        return; /* of another version, or out of order: the next one begins at 0 again */
    memcpy (coming->at + coming->len, piece->piece.at, piece->piece.len);
    coming->len += piece->piece.len;
    if (coming->len < piece->size)
        return;
    uint8_t digest[DIGEST_LEN];
    digest_of (coming->at, coming->len, digest);
    if (memcmp (digest, coming->digest, DIGEST_LEN) == 0) {
        adopt (snapshots, kind, coming);
    } else {
        log_warning ("snapshot %s, version %" PRIu64 ": its digest does not fit; dropped",
                     snapshot_word (kind), coming->version);
        free (coming->at);
        *coming = (struct held){0};
    }
}

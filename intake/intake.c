/* intake.c - start, the turn's end, stop: what holds the other files together. */
#include "intake.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <utlist.h>

#define ADAPTER_CREDIT 256

/* ---- what the spool still holds ------------------------------------------------------------ */

/* A copy that a start made stands for the one that was copied. */
static bool take_copy (struct spool *spool, struct record *known, const struct spool_record *found)
{
    if (known->state != RECORD_WAITING || known->spool.seq != found->seq || found->drained)
        return false; /* or a repeat that was spooled twice: one of the two is enough */
    spool_drained (spool, &known->spool);
    known->spool = *found;
    known->spool.at = NULL;
    return true;
}

static bool found_record (void *owner, struct spool *spool, const struct spool_record *found)
{
    struct intake *intake = owner;
    struct record_parts parts;
    if (!record_parse (found->at, found->len, &parts)) {
        log_error ("record %" PRIu64 ": validates, but is not a submission; left in the spool",
                   found->seq);
        metric_add (intake_corrupt_total, 1);
        return false;
    }
    struct record *known = recent_find (intake, &parts.id);
    if (known)
        return take_copy (spool, known, found);
    struct record *record = record_found (&parts, found);
    record_add (intake, record);
    if (!found->drained)
        record_undrained (intake, record);
    recent_trim (intake);
    return !found->drained;
}

/* ---- start --------------------------------------------------------------------------------- */

static int use_snapshot (void *owner, enum snapshot kind, uint64_t version, const char *at,
                         size_t len)
{
    struct intake *intake = owner;
    struct principals *principals = NULL;
    (void) version;
    if (kind != SNAPSHOT_PRINCIPALS)
        return 0;
    int result = principals_parse (at, len, &principals);
    if (result == 0)
        door_set_principals (intake->door, &principals);
    return result;
}

/* The newest "<stem>-<number>.pub" in the key folder: 64 hexadecimal digits. */
static uint64_t newest_key (const char *folder, const char *stem, uint8_t ret[32])
{
    uint64_t newest = 0;
    DIR *entries = opendir (folder);
    const struct dirent *entry;
    while (entries && (entry = readdir (entries))) {
        char *end;
        size_t len = strlen (stem);
        if (strncmp (entry->d_name, stem, len) != 0 || entry->d_name[len] != '-')
            continue;
        uint64_t number = strtoull (entry->d_name + len + 1, &end, 10);
        if (strcmp (end, ".pub") == 0 && number > newest)
            newest = number;
    }
    if (entries)
        closedir (entries);
    char *path = xformat ("%s/%s-%" PRIu64 ".pub", folder, stem, newest), *text = NULL;
    size_t len = 0;
    if (newest && (file_read (path, 256, &text, &len) != 0 ||
                   (text[strcspn (text, "\r\n ")] = 0, hex_parse (text, ret, 32)) != 0)) {
        log_error ("%s: not a public key of 64 hexadecimal digits; identities cannot be sealed",
                   path);
        newest = 0;
    }
    free (text);
    free (path);
    return newest;
}

static int open_spool (struct intake *intake, const struct settings *settings)
{
    char *folder = xformat ("%s/spool", settings_text (settings, "data"));
    const char *elsewhere = settings_text (settings, "spool.folder");
    struct spool_options options = {.folder = *elsewhere ? elsewhere : folder,
                                    .bytes = settings_number (settings, "spool.bytes"),
                                    .segment_bytes = settings_number (settings, "spool.segment"),
                                    .keep_ms = settings_number (settings, "spool.keep")};
    memcpy (options.key, intake->id_key, sizeof options.key);
    int result = spool_open (&options, found_record, intake, &intake->spool);
    free (folder);
    if (result == 0) {
        replay_begin (intake);
        log_info ("the spool holds %u records that are not stored yet",
                  HASH_CNT (hh_seq, intake->by_seq));
    }
    return result == 0 ? 0 : result == FAIL_REFUSED ? EX_CONFIG : EX_UNAVAILABLE;
}

static int open_door (struct intake *intake, const struct settings *settings)
{
    char *path = xformat ("%s/keys/intake.key", settings_text (settings, "data")),
         *folder = xformat ("%s/snapshots/intake", settings_text (settings, "data"));
    const char *endpoint = settings_text (settings, "door");
    int status = EX_CONFIG;
    if (door_open (intake->reactor, path, ROLE_ADAPTER, &intake->door) == 0) {
        intake->snapshots = snapshots_new (folder, use_snapshot, intake);
        status = EX_UNAVAILABLE;
        if (link_listen (intake->reactor, endpoint, intake->door, &door_hooks, intake, 1,
                         ADAPTER_CREDIT, &intake->adapters) != 0)
            log_error ("door: %s: cannot listen: %s", endpoint, strerror (errno));
        else if (door_selftest (intake->door, listener_endpoint (intake->adapters)) == 0)
            status = 0;
    }
    free (path);
    free (folder);
    return status;
}

static int read_keys (struct intake *intake, const struct settings *settings)
{
    char *folder = xformat ("%s/keys", settings_text (settings, "data")),
         *path = xformat ("%s/id.key", folder);
    int result = number_read_key (path, intake->id_key);
    if (result != 0)
        log_error ("%s: %s: the id key of this installation, 64 hexadecimal digits", path,
                   fail_text (result));
    intake->seal_key_id = newest_key (folder, "seal", intake->seal_key);
    intake->contact_key_id = newest_key (folder, "contact", intake->contact_key);
    free (path);
    free (folder);
    return result == 0 ? 0 : EX_CONFIG;
}

static int intake_start (struct reactor *reactor, const struct settings *settings, void **ret_state)
{
    struct intake *intake = xcalloc (1, sizeof *intake);
    *ret_state = intake;
    intake->reactor = reactor;
    intake->recent_most = (size_t) settings_number (settings, "recent");
    intake->memory_most = (uint64_t) settings_number (settings, "memory");
    intake->files = xstrdup (settings_text (settings, "files"));
    int status = read_keys (intake, settings);
    if (status == 0)
        status = open_spool (intake, settings);
    if (status == 0) {
        intake->commit = commit_new (intake, door_committed);
        status = open_door (intake, settings);
    }
    if (status == 0 && offer_begin (intake, settings) != 0)
        status = EX_CONFIG;
    return status;
}

/* ---- the turn's end ------------------------------------------------------------------------ */

#define BATCH_MOST 4096

/* What came this turn goes to the commit thread, if it is idle; else it waits and the batch grows. */
static void intake_durable (void *state)
{
    static struct record *batch[BATCH_MOST];
    struct intake *intake = state;
    unsigned count = 0;
    if (spool_lacks_room (intake->spool))
        spool_retire (intake->spool, intake->replay);
    if (!intake->gathered || !commit_idle (intake->commit))
        return;
    while (intake->gathered && count < BATCH_MOST) {
        batch[count] = intake->gathered;
        record_move (intake, batch[count++], RECORD_COMMITTING);
    }
    commit_batch (intake->commit, batch, count);
}

/* Answers left when the commit was reported; offers come after them. */
static void intake_answer (void *state)
{
    offer_flush (state);
}

static bool intake_drain (void *state)
{
    struct intake *intake = state;
    intake->draining = true;
    if (intake->gathered || !commit_idle (intake->commit))
        return false;
    if (intake->last_kept || !replay_keep (intake))
        return true;
    intake->last_kept = true;
    commit_batch (intake->commit, NULL, 0);
    return false;
}

static void intake_stop (void **held)
{
    struct intake *intake = *held;
    commit_destroy (&intake->commit);
    offer_end (intake);
    listener_destroy (&intake->adapters);
    if (intake->spool)
        recent_end (intake);
    spool_close (&intake->spool);
    snapshots_destroy (&intake->snapshots);
    door_destroy (&intake->door);
    free (intake->files);
    free (intake);
    *held = NULL;
}

static void show_spool (struct intake *intake, struct buffer *out)
{
    struct spool_stat stat;
    spool_stat (intake->spool, &stat);
    buffer_format (
        out,
        "segments: %u\nspares: %u\nreserves: %u\nbytes: %" PRIu64 "\nundrained: %" PRIu64
        "\nundrained bytes: %" PRIu64 "\nnext sequence: %" PRIu64 "\nfrontier: %" PRIu64
        "\ndamaged: %" PRIu64 "\nretired early: %" PRIu64 "\nclock behind: %" PRId64
        " ms\nreplay: %s\nslowest commit: %" PRId64 " ms\n",
        stat.segments, stat.spares, stat.reserves, stat.bytes, stat.undrained, stat.undrained_bytes,
        stat.next_seq, stat.frontier, stat.corrupt, stat.retired_early, stat.behind_ms,
        intake->replay || intake->replayed ? "under way" : "none", commit_slowest (intake->commit));
}

static bool intake_show (void *state, const char *what, struct buffer *out)
{
    struct intake *intake = state;
    if (strcmp (what, "spool") == 0) {
        show_spool (intake, out);
    } else if (strcmp (what, "trust-clock") == 0) {
        spool_trust_clock (intake->spool);
        buffer_format (out, "receipts are stamped with the clock as it is\n");
    } else if (strncmp (what, "salvage ", 8) == 0) {
        salvage_show (intake, what + 8, out);
    } else if (strncmp (what, "replay", 6) == 0 && (!what[6] || what[6] == ' ')) {
        replay_all (intake, strtoull (what + 6, NULL, 10));
        buffer_format (out, "every retained record%s is offered again\n",
                       what[6] ? " from that moment on" : "");
    } else {
        return false;
    }
    return true;
}

static void intake_measure (void *state)
{
    struct intake *intake = state;
    const struct record *heads[] = {intake->undrained, intake->replayed};
    int64_t now = wall_ms (), age = 0;
    struct spool_stat stat;
    spool_stat (intake->spool, &stat);
    for (size_t i = 0; i < array_len (heads); i++)
        if (heads[i] && now - (int64_t) heads[i]->spool.received > age)
            age = now - (int64_t) heads[i]->spool.received;
    metric_set (intake_undrained_records, stat.undrained);
    metric_set (intake_undrained_bytes, stat.undrained_bytes);
    metric_set (intake_spool_bytes, stat.bytes);
    metric_set (intake_oldest_age_seconds, age);
    metric_set (intake_commit_age_seconds, commit_age (intake->commit));
    metric_set (intake_clock_behind_seconds, stat.behind_ms);
    metric_set (intake_retired_early_total, stat.retired_early);
    metric_set (intake_replaying, intake->replay || intake->replayed);
}

const struct setting intake_settings[] = {
    {"door", SETTING_TEXT, "tcp://127.0.0.1:8313", 0, 0, false, "where adapters come in"},
    {"routers", SETTING_TEXT, "offers.sock", 0, 0, false, "sockets of the routers, in `run`"},
    {"files", SETTING_PATH, "files", 0, 0, false,
     "the content store's folder; shared with aduan-web and the desk"},
    {"spool.folder", SETTING_PATH, "", 0, 0, false, "empty: `data`/spool"},
    {"spool.bytes", SETTING_BYTES, "1GiB", SPOOL_SEGMENT_LEAST * 4, INT64_MAX, false,
     "size of all segments"},
    {"spool.segment", SETTING_BYTES, "64MiB", SPOOL_SEGMENT_LEAST, 1 << 30, false,
     "size of one segment"},
    {"spool.keep", SETTING_DURATION, "8d", 60000, INT64_MAX, false,
     "how long drained segments are kept"},
    {"recent", SETTING_NUMBER, "100000", 1000, 10000000, false,
     "stored submissions whose repeats are answered from memory"},
    {"memory", SETTING_BYTES, "32MiB", 1 << 20, 1 << 30, false,
     "bodies kept in memory until they are stored"},
};

const size_t intake_settings_len = array_len (intake_settings);

/* Each router is a unix socket: a name in `run`, or an endpoint of its own. */
static bool routers_right (const struct settings *settings)
{
    char *list = xstrdup (settings_text (settings, "routers")), *save = NULL;
    bool right = true;
    for (char *word = strtok_r (list, " ,", &save); word && right;
         word = strtok_r (NULL, " ,", &save)) {
        char *endpoint = router_endpoint (settings, word);
        right = strncmp (endpoint, "ipc://", 6) == 0 && link_endpoint_right (endpoint);
        free (endpoint);
    }
    free (list);
    return right ||
           settings_refuse (settings, "routers",
                            "names of sockets in `run`, or ipc://PATH, as long as the path "
                            "of a socket may be");
}

static bool intake_settings_right (const struct settings *settings)
{
    bool door = settings_door (settings, "door");
    return routers_right (settings) && door;
}

const struct daemon intake_daemon = {
    .name = "intake",
    .settings = intake_settings,
    .settings_len = array_len (intake_settings),
    .settings_right = intake_settings_right,
    .start = intake_start,
    .durable = intake_durable,
    .answer = intake_answer,
    .drain = intake_drain,
    .stop = intake_stop,
    .show = intake_show,
    .measure = intake_measure,
};

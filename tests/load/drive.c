/* drive - adapters and workers, or a notifier, of the load test: whole lives through every door.
 *
 *     drive lives    FOLDER INTAKE ROUTER SECONDS ADAPTERS WINDOW WORKERS COUNT UNFINISHED
 *     drive open     FOLDER INTAKE ROUTER SECONDS ADAPTERS RATE   WORKERS COUNT
 *     drive notifier SOCKET
 *
 * FOLDER/keys holds the key files, FOLDER/agencies one line an agency: number, category, place; its
 * order is the order of Zipf's ranks.  `lives` keeps WINDOW submissions of each adapter in flight, as
 * long as fewer than UNFINISHED complaints wait for their answer; `open` submits RATE a second,
 * whatever happens, and latencies count from the scheduled moment.  30 % of submissions are repeated
 * once, 5 % of acts are sent twice.  One JSON line at the end.
 */
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/base.h"
#include "base/log.h"
#include "client/aduan.h"
#include "daemon/daemon.h"

#define AGENCIES_MOST 4096
#define TEXT_LEN      1024

struct agency {
    uint32_t number, category;
    char place[14];
};

struct born {
    uint8_t id[16];
    int64_t at; /* ns */
    UT_hash_handle hh;
};

struct latencies {
    uint32_t *us;
    size_t count, room;
};

static struct {
    struct agency agencies[AGENCIES_MOST];
    double weight[AGENCIES_MOST]; /* cumulative */
    unsigned agency_count;
    struct aduan_loop *loop;
    struct aduan *adapters[256], *workers[256];
    unsigned adapter_count, worker_count, count;
    char text[TEXT_LEN * 64];
    struct born *born;
    struct latencies accept, pulled;
    uint64_t submitted, accepted, repeats, repeated, leased, answered, stale, failed, next_key;
    int64_t ends, open_from;
    double rate;
    uint64_t unfinished_most;
    bool open;
    uint64_t seed;
} drive;

static uint64_t draw (void)
{
    uint64_t x = drive.seed;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return drive.seed = x;
}

static double draw_share (void)
{
    return (double) (draw () >> 11) / 9007199254740992.0;
}

static void note (struct latencies *latencies, int64_t ns)
{
    if (latencies->count == latencies->room) {
        latencies->room = latencies->room ? latencies->room * 2 : 65536;
        latencies->us = xrealloc (latencies->us, latencies->room * sizeof *latencies->us);
    }
    latencies->us[latencies->count++] = (uint32_t) (ns / 1000);
}

static int by_size (const void *a, const void *b)
{
    const uint32_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static double percentile (struct latencies *latencies, double share)
{
    if (latencies->count == 0)
        return 0;
    qsort (latencies->us, latencies->count, sizeof *latencies->us, by_size);
    return latencies->us[(size_t) ((double) (latencies->count - 1) * share)] / 1000.0;
}

/* ---- set-up -------------------------------------------------------------------------------- */

static void read_agencies (const char *folder)
{
    char *path = xformat ("%s/agencies", folder);
    FILE *file = fopen (path, "r");
    check (file);
    double sum = 0;
    while (drive.agency_count < AGENCIES_MOST) {
        struct agency *agency = &drive.agencies[drive.agency_count];
        if (fscanf (file, "%" SCNu32 " %" SCNu32 " %13s", &agency->number, &agency->category,
                    agency->place) != 3)
            break;
        sum += 1.0 / (double) (drive.agency_count + 1);
        drive.weight[drive.agency_count++] = sum;
    }
    for (unsigned i = 0; i < drive.agency_count; i++)
        drive.weight[i] /= sum;
    fclose (file);
    free (path);
}

static const struct agency *draw_agency (void)
{
    double share = draw_share ();
    unsigned low = 0, high = drive.agency_count - 1;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (drive.weight[middle] < share)
            low = middle + 1;
        else
            high = middle;
    }
    return &drive.agencies[low];
}

static void make_text (void)
{
    static const char *const words[] = {
        "jalan",     "lampu", "air",   "sekolah", "sampah",   "warga", "petugas", "kantor",
        "pelayanan", "rusak", "padam", "mohon",   "segera",   "sudah", "belum",   "minggu",
        "di",        "depan", "pasar", "sungai",  "jembatan", "surat", "antri",   "lama"};
    size_t at = 0;
    while (at + 16 < sizeof drive.text)
        at += (size_t) sprintf (drive.text + at, "%s ", words[draw () % array_len (words)]);
}

static struct aduan *open_one (const char *folder, const char *kind, unsigned number,
                               const char *intake, const char *router)
{
    char *key = xformat ("%s/keys/%s%u.key", folder, kind, number),
         *intake_key = xformat ("%s/keys/intake.pub", folder),
         *router_key = xformat ("%s/keys/router.pub", folder), *name = xformat ("load%u", number);
    struct aduan_options options = {.loop = drive.loop,
                                    .name = name,
                                    .intake = intake,
                                    .intake_key = intake_key,
                                    .router = router,
                                    .router_key = router_key,
                                    .key_file = key};
    struct aduan *aduan = NULL;
    if (aduan_open (&options, &aduan) != 0) {
        fprintf (stderr, "%s\n", aduan_problem ());
        exit (1);
    }
    free (key);
    free (intake_key);
    free (router_key);
    free (name);
    return aduan;
}

static void wait_until_up (void)
{
    int64_t until = mono_ms () + 30000;
    for (;;) {
        unsigned up = 0;
        for (unsigned i = 0; i < drive.adapter_count; i++)
            up += aduan_is_up (drive.adapters[i]);
        for (unsigned i = 0; i < drive.worker_count; i++)
            up += aduan_is_up (drive.workers[i]);
        if (up == drive.adapter_count + drive.worker_count)
            return;
        check (mono_ms () < until);
        aduan_loop_turn (drive.loop, 50);
    }
}

/* ---- submitting ---------------------------------------------------------------------------- */

struct submission {
    struct aduan *by;
    const struct agency *agency;
    char key[32];
    int64_t at; /* ns: sent, or scheduled */
    uint64_t created;
    size_t text_at;
    bool again;
};

static bool running (void)
{
    return mono_ms () < drive.ends;
}

static void submit_next (struct aduan *by, int64_t at);

static void on_submitted (void *with, const struct aduan_submitted *result);

static void submit_it (struct submission *submission)
{
    struct aduan_contact contact = {.address = "warga@example.org"};
    struct aduan_submission said = {.key = submission->key,
                                    .created = submission->created,
                                    .channel = ADUAN_CHANNEL_WEB,
                                    .category = submission->agency->category,
                                    .place = submission->agency->place,
                                    .anonymous = ADUAN_FLAG_YES,
                                    .secret = ADUAN_FLAG_NO,
                                    .text = drive.text + submission->text_at,
                                    .text_len = TEXT_LEN,
                                    .contact = &contact};
    aduan_submit_start (submission->by, &said, 0, on_submitted, submission);
}

static void on_submitted (void *with, const struct aduan_submitted *result)
{
    struct submission *submission = with;
    if (result->result != ADUAN_ACCEPTED) {
        drive.failed++;
        free (submission);
        return;
    }
    if (submission->again) {
        drive.repeated++;
    } else {
        drive.accepted++;
        note (&drive.accept, mono_ns () - submission->at);
        struct born *born = xcalloc (1, sizeof *born), *same;
        memcpy (born->id, result->id, sizeof born->id);
        born->at = submission->at;
        HASH_FIND (hh, drive.born, born->id, sizeof born->id, same);
        if (same) { /* pulled before we heard: noted there as 0 */
            note (&drive.pulled, same->at - submission->at);
            HASH_DEL (drive.born, same);
            free (same);
            free (born);
        } else {
            HASH_ADD (hh, drive.born, id, sizeof born->id, born);
        }
    }
    struct aduan *by = submission->by;
    if (!submission->again && draw () % 10 < 3) {
        submission->again = true;
        drive.repeats++;
        submit_it (submission);
        return;
    }
    free (submission);
    if (!drive.open)
        submit_next (by, mono_ns ());
}

static unsigned stalled; /* windows that wait for answers */
static struct aduan *stalled_by[65536];

static void submit_next (struct aduan *by, int64_t at)
{
    if (!running ())
        return;
    if (!drive.open && drive.submitted - drive.answered >= drive.unfinished_most) {
        if (stalled < array_len (stalled_by))
            stalled_by[stalled++] = by;
        return;
    }
    struct submission *submission = xcalloc (1, sizeof *submission);
    submission->by = by;
    submission->agency = draw_agency ();
    submission->at = at;
    submission->created = (uint64_t) wall_ms ();
    submission->text_at = draw () % (sizeof drive.text - TEXT_LEN - 64);
    snprintf (submission->key, sizeof submission->key, "%d-%" PRIu64, getpid (), drive.next_key++);
    drive.submitted++;
    submit_it (submission);
}

/* ---- working ------------------------------------------------------------------------------- */

struct puller {
    struct aduan *by;
    uint32_t agencies[64];
    size_t agency_count;
    unsigned acting;
};
static struct puller pullers[4096];
static unsigned puller_count;

static void on_acted (void *with, const struct aduan_acted *result)
{
    struct puller *puller = with;
    (void) puller;
    if (result->result == ADUAN_DONE) {
        drive.answered++;
        if (stalled)
            submit_next (stalled_by[--stalled], mono_ns ());
    } else if (result->result == ADUAN_STALE) {
        drive.stale++;
    }
}

static void on_acted_again (void *with, const struct aduan_acted *result)
{
    (void) with;
    (void) result;
}

static void on_assigned (void *with, const struct aduan_assignment *assignment)
{
    struct puller *puller = with;
    struct born *born;
    struct aduan_act act = {0};
    drive.leased++;
    HASH_FIND (hh, drive.born, assignment->id, sizeof assignment->id, born);
    if (born) {
        note (&drive.pulled, mono_ns () - born->at);
        HASH_DEL (drive.born, born);
        free (born);
    } else {
        born = xcalloc (1, sizeof *born);
        memcpy (born->id, assignment->id, sizeof born->id);
        born->at = mono_ns ();
        HASH_ADD (hh, drive.born, id, sizeof born->id, born);
    }
    aduan_act_on (assignment, &act);
    act.act = ADUAN_ACT_ANSWER;
    act.text = "Sudah ditindaklanjuti oleh petugas kami, terima kasih.";
    aduan_act_start (puller->by, &act, 0, on_acted, puller);
    if (draw () % 20 == 0)
        aduan_act_start (puller->by, &act, 0, on_acted_again, puller);
}

static void pull (struct puller *puller);

static void on_pulled (void *with, const struct aduan_pulled *result)
{
    (void) result;
    if (mono_ms () < drive.ends + 3000)
        pull (with);
}

static void pull (struct puller *puller)
{
    struct aduan_pull said = {.agencies = puller->agencies,
                              .agency_count = puller->agency_count,
                              .count = drive.count,
                              .wait_ms = 2000,
                              .lease_ms = 60000};
    aduan_pull_start (puller->by, &said, 0, on_assigned, on_pulled, puller);
}

/* Agencies are dealt out so that each worker's pulls name disjoint ones, the busiest alone. */
static void start_pulling (void)
{
    for (unsigned w = 0; w < drive.worker_count; w++) {
        struct puller *puller = NULL;
        for (unsigned a = w; a < drive.agency_count; a += drive.worker_count) {
            if (!puller || puller->agency_count == 64) {
                puller = &pullers[puller_count++];
                puller->by = drive.workers[w];
            }
            puller->agencies[puller->agency_count++] = drive.agencies[a].number;
        }
    }
    for (unsigned i = 0; i < puller_count; i++)
        pull (&pullers[i]);
}

/* ---- main ---------------------------------------------------------------------------------- */

static void report (double seconds)
{
    printf (
        "{\"lives\": %" PRIu64 ", \"seconds\": %.3f, \"lives_s\": %.0f, \"accepted\": %" PRIu64
        ", \"repeats\": %" PRIu64 ", \"stale\": %" PRIu64 ", \"failed\": %" PRIu64
        ", \"accept_p50\": %.2f, \"accept_p99\": %.2f, \"pulled_p50\": %.2f, \"pulled_p99\": %.2f}\n",
        drive.answered, seconds, (double) drive.answered / seconds, drive.accepted, drive.repeats,
        drive.stale, drive.failed, percentile (&drive.accept, 0.5),
        percentile (&drive.accept, 0.99), percentile (&drive.pulled, 0.5),
        percentile (&drive.pulled, 0.99));
}

static int run_lives (int argc, char **argv, bool open)
{
    check (argc >= 10);
    drive.open = open;
    const char *folder = argv[2], *intake = argv[3], *router = argv[4];
    int64_t seconds = atoll (argv[5]);
    drive.adapter_count = (unsigned) atoi (argv[6]);
    unsigned window = (unsigned) atoi (argv[7]);
    drive.worker_count = (unsigned) atoi (argv[8]);
    drive.count = (unsigned) atoi (argv[9]);
    drive.unfinished_most = argc > 10 ? (uint64_t) atoll (argv[10]) : 4000;
    drive.rate = open ? window : 0;
    drive.seed = (uint64_t) mono_ns () | 1;
    read_agencies (folder);
    make_text ();
    drive.loop = aduan_loop_new ();
    for (unsigned i = 0; i < drive.adapter_count; i++)
        drive.adapters[i] = open_one (folder, "adapter-load", i, intake, NULL);
    for (unsigned i = 0; i < drive.worker_count; i++)
        drive.workers[i] = open_one (folder, "worker-work", i, NULL, router);
    wait_until_up ();
    drive.ends = mono_ms () + seconds * 1000;
    start_pulling ();
    int64_t began = mono_ns ();
    for (unsigned w = 0; !open && w < window; w++)
        for (unsigned i = 0; i < drive.adapter_count; i++)
            submit_next (drive.adapters[i], mono_ns ());
    while (running ()) {
        int64_t now = mono_ns (), due = began;
        while (open && running () &&
               (due = began + (int64_t) ((double) drive.submitted * 1e9 / drive.rate)) <= now)
            submit_next (drive.adapters[drive.submitted % drive.adapter_count], due);
        aduan_loop_turn (drive.loop, open ? 1 : 20);
    }
    double lasted = (double) (mono_ns () - began) / 1e9;
    report (lasted);
    fflush (stdout);
    _exit (0); /* hundreds of connections with work under way: nothing to tidy */
}

/* ---- the notifier's part: claims, and says that all was sent ------------------------------- */

static struct msg_told told;
static uint64_t outcomes[256], codes[256];

static void claim_more (struct link *link)
{
    static uint64_t ref;
    struct msg_claim claim = {.ref = ++ref, .count = 256, .dispatch = id_random ()};
    link_say (link, WIRE_claim, &claim);
}

static void on_notice (void *owner, struct link *link, struct parcel *parcel)
{
    (void) owner;
    (void) link;
    told.dispatch = parcel->said[0].notice.dispatch;
}

static struct timer *scan;
static struct reactor *reactor;
static struct link *store;

static void on_claimed (void *owner, struct link *link, struct parcel *parcel)
{
    (void) owner;
    uint64_t count = parcel->said[0].claimed.count;
    if (count == 0) {
        reactor_timer_at (scan, mono_ms () + 20);
        return;
    }
    told.ref++;
    told.outcomes = (struct wire_list){outcomes, (uint32_t) count};
    told.codes = (struct wire_list){codes, (uint32_t) count};
    link_say (link, WIRE_told, &told);
    claim_more (link);
}

static void on_nothing (void *owner, struct link *link, struct parcel *parcel)
{
    (void) owner;
    (void) link;
    (void) parcel;
}

static void notifier_up (void *owner, struct link *link)
{
    (void) owner;
    claim_more (link);
}

static void at_scan (void *owner)
{
    (void) owner;
    claim_more (store);
}

static int run_notifier (const char *endpoint)
{
    static link_message_fn *const handlers[WIRE_LAST] = {[WIRE_notice] = on_notice,
                                                         [WIRE_claimed] = on_claimed,
                                                         [WIRE_heard] = on_nothing,
                                                         [WIRE_outbox] = on_nothing};
    static const struct link_hooks hooks = {.handlers = handlers, .up = notifier_up};
    for (size_t i = 0; i < array_len (outcomes); i++)
        outcomes[i] = TOLD_SENT;
    reactor = reactor_new ();
    scan = reactor_timer (reactor, 0, at_scan, NULL);
    store = link_connect (reactor, endpoint, NULL, "load notifier", &hooks, NULL);
    reactor_run (reactor, 0);
    return 0;
}

int main (int argc, char **argv)
{
    log_open ("drive", LOG_WARNING);
    if (argc >= 3 && strcmp (argv[1], "notifier") == 0)
        return run_notifier (argv[2]);
    if (argc >= 10 && strcmp (argv[1], "lives") == 0)
        return run_lives (argc, argv, false);
    if (argc >= 10 && strcmp (argv[1], "open") == 0)
        return run_lives (argc, argv, true);
    fprintf (stderr, "usage: see the head of tests/load/drive.c\n");
    return 64;
}

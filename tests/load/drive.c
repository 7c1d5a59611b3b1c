/* drive - adapters and workers, or a notifier, of the load test: whole lives through every door.
 *
 *     drive lives    FOLDER INTAKE ROUTER SECONDS ADAPTERS WINDOW WORKERS COUNT UNFINISHED
 *     drive open     FOLDER INTAKE ROUTER SECONDS ADAPTERS RATE   WORKERS COUNT
 *     drive drain    FOLDER INTAKE ROUTER SECONDS ADAPTERS 0      WORKERS COUNT
 *     drive notifier SOCKET
 *
 * FOLDER/keys holds the key files, FOLDER/agencies one line an agency: number, category, place; its
 * order is the order of Zipf's ranks.  `lives` keeps WINDOW submissions of each adapter in flight, as
 * long as fewer than UNFINISHED complaints wait for their answer; `open` submits RATE a second,
 * whatever happens, and latencies count from the scheduled moment; `drain` submits nothing, and answers
 * what is left until a second passes without work.  The figures of `lives` begin after a second, when as
 * many are under way as at the end.  Of each fourth complaint is measured how long it took until it was
 * pulled.  What was accepted is answered before it ends, when the figures have been taken.  30 % of
 * submissions are repeated once, 5 % of acts are sent twice.  One JSON line at the end.
 *
 * Peers speak the links' own C, not libaduan: what an adapter pays to seal identities is the adapter's,
 * on another machine; here 64 contents are sealed once and sent again and again.
 */
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include <sodium.h>

#include "base/base.h"
#include "base/log.h"
#include "daemon/daemon.h"

#define AGENCIES_MOST 4096
#define TEXT_LEN      1024
#define WARM_MS       1000
#define PULLED_SHARE  4 /* of so many complaints one is followed until it is pulled */

struct agency {
    uint32_t number, category;
    char place[14];
};

struct born {
    uint8_t id[16]; /* complaint_id */
    int64_t at;     /* ns */
    UT_hash_handle hh;
};

struct latencies {
    uint32_t *us;
    size_t count, room;
};

#define CONTENTS 64

struct peer {
    struct link *link;
    struct msg_act *acts; /* [act_first, act_count): without credit yet, oldest first */
    size_t act_first, act_count, act_room;
    uint64_t pulls[16]; /* pullers without credit yet */
    size_t pull_count;
};

static struct {
    struct agency agencies[AGENCIES_MOST];
    double weight[AGENCIES_MOST]; /* cumulative */
    unsigned agency_count;
    struct reactor *reactor;
    struct peer adapters[256], workers[256];
    unsigned adapter_count, worker_count, count, up;
    struct buffer contents[CONTENTS]; /* frames */
    struct born *born;
    struct latencies accept, pulled;
    uint64_t submitted, accepted, repeats, answered, stale, failed, next_key, next_ref;
    int64_t ends, assigned_at; /* mono_ms */
    double rate;
    pid_t pid;
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

/* A key for an act: unique and cheap, for here it need not be hard to guess. */
static struct id draw_key (void)
{
    uint64_t halves[2] = {draw (), draw ()};
    struct id ret;
    memcpy (ret.at, halves, sizeof ret.at);
    return ret;
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

static void make_contents (const struct msg_welcome *welcome)
{
    static const char *const words[] = {
        "jalan",   "lampu", "air",   "sekolah", "sampah",   "warga", "petugas", "kantor",
        "layanan", "rusak", "padam", "mohon",   "segera",   "sudah", "belum",   "minggu",
        "di",      "depan", "pasar", "sungai",  "jembatan", "surat", "antri",   "lama"};
    for (unsigned i = 0; i < CONTENTS; i++) {
        char text[TEXT_LEN + 1];
        uint8_t clear[256] = {0x87}, sealed[256 + crypto_box_SEALBYTES];
        size_t at = 0;
        while (at + 10 < TEXT_LEN)
            at += (size_t) sprintf (text + at, "%s ", words[draw () % array_len (words)]);
        crypto_box_seal (sealed, clear, sizeof clear, (const uint8_t *) welcome->contact_key.at);
        struct msg_content content = {.text = {text, at},
                                      .contact = {(const char *) sealed, sizeof sealed},
                                      .contact_key_id = welcome->contact_key_id};
        wire_encode (WIRE_content, &content, &drive.contents[i]);
    }
}

static bool running (void)
{
    return mono_ms () < drive.ends;
}

/* ---- submitting ---------------------------------------------------------------------------- */

struct submission {
    uint64_t ref;
    struct peer *by;
    const struct agency *agency;
    char key[32];
    int64_t at; /* ns: sent, or scheduled */
    uint64_t created;
    unsigned content;
    bool again;
    UT_hash_handle hh;
};
static struct submission *flying;
static struct peer *stalled[65536]; /* windows that wait for answers */
static unsigned stalled_count;

static void submit_next (struct peer *by, int64_t at);

static void submit_it (struct submission *submission)
{
    struct parcel parcel = {0};
    struct msg_submit submit = {.ref = submission->ref = ++drive.next_ref,
                                .kind = KIND_COMPLAINT,
                                .key = view_of (submission->key),
                                .created = submission->created,
                                .channel = CHANNEL_WEB,
                                .category = submission->agency->category,
                                .place = view_of (submission->agency->place),
                                .anonymous = FLAG_YES,
                                .secret = FLAG_NO};
    const struct buffer *content = &drive.contents[submission->content];
    parcel_add (&parcel, WIRE_submit, &submit);
    parcel_add_bytes (&parcel, content->at, content->len);
    check (link_send (submission->by->link, &parcel) == 0);
    parcel_done (&parcel);
    HASH_ADD (hh, flying, ref, sizeof submission->ref, submission);
}

static void born_or_pulled (const struct id *id, int64_t at)
{
    struct born *born;
    if (id->at[sizeof id->at - 1] % PULLED_SHARE)
        return; /* to remember them all would cost more than what is measured */
    HASH_FIND (hh, drive.born, id, sizeof *id, born);
    if (!born) {
        born = xcalloc (1, sizeof *born);
        memcpy (born->id, id, sizeof born->id);
        born->at = at;
        HASH_ADD (hh, drive.born, id, sizeof born->id, born);
        return;
    }
    note (&drive.pulled, born->at > at ? born->at - at : at - born->at);
    HASH_DEL (drive.born, born);
    free (born);
}

static void on_accepted (void *owner, struct link *link, struct parcel *parcel)
{
    const struct msg_accepted *accepted = &parcel->said[0].accepted;
    struct submission *submission;
    (void) owner;
    (void) link;
    HASH_FIND (hh, flying, &accepted->ref, sizeof accepted->ref, submission);
    if (!submission)
        return;
    HASH_DEL (flying, submission);
    if (!submission->again) {
        drive.accepted++;
        note (&drive.accept, mono_ns () - submission->at);
        born_or_pulled (&accepted->id, submission->at);
    }
    struct peer *by = submission->by;
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

/* TEMPFAIL: said again, as an adapter must; at once, for the load is what is wanted. */
static void on_tempfail (void *owner, struct link *link, struct parcel *parcel)
{
    const struct msg_tempfail *tempfail = &parcel->said[0].tempfail;
    struct submission *submission;
    (void) owner;
    (void) link;
    drive.failed++;
    if (drive.failed == 1)
        log_warning ("TEMPFAIL: %s", busy_word (tempfail->busy));
    HASH_FIND (hh, flying, &tempfail->ref, sizeof tempfail->ref, submission);
    if (!submission)
        return;
    HASH_DEL (flying, submission);
    submit_it (submission);
}

static void on_reject (void *owner, struct link *link, struct parcel *parcel)
{
    const struct msg_reject *reject = &parcel->said[0].reject;
    (void) owner;
    (void) link;
    log_error ("REJECT: %s", reject_word (reject->reject));
    exit (1);
}

static void submit_next (struct peer *by, int64_t at)
{
    if (!running ())
        return;
    if (!drive.open && drive.submitted - drive.answered >= drive.unfinished_most) {
        check (stalled_count < array_len (stalled));
        stalled[stalled_count++] = by;
        return;
    }
    struct submission *submission = xcalloc (1, sizeof *submission);
    submission->by = by;
    submission->agency = draw_agency ();
    submission->at = at;
    submission->created = (uint64_t) wall_ms ();
    submission->content = (unsigned) (draw () % CONTENTS);
    snprintf (submission->key, sizeof submission->key, "%d-%" PRIu64, drive.pid, drive.next_key++);
    drive.submitted++;
    submit_it (submission);
}

/* ---- working ------------------------------------------------------------------------------- */

struct puller {
    struct peer *peer;
    uint64_t agencies[64];
    uint32_t agency_count;
};
static struct puller pullers[4096];
static unsigned puller_count;

static void pull (uint64_t number)
{
    const struct puller *puller = &pullers[number];
    struct msg_pull said = {.ref = number,
                            .agencies = {puller->agencies, puller->agency_count},
                            .count = drive.count,
                            .wait = 2000,
                            .lease = 15000};
    struct peer *peer = puller->peer;
    if (link_say (peer->link, WIRE_pull, &said) != 0) {
        check (peer->pull_count < array_len (peer->pulls));
        peer->pulls[peer->pull_count++] = number;
    }
}

static void flush_acts (struct peer *peer)
{
    while (peer->act_first < peer->act_count &&
           link_say (peer->link, WIRE_act, &peer->acts[peer->act_first]) == 0)
        peer->act_first++;
    if (peer->act_first == peer->act_count)
        peer->act_first = peer->act_count = 0;
}

static void act_soon (struct peer *peer, const struct msg_act *act)
{
    if (peer->act_count == peer->act_room) {
        peer->act_room = peer->act_room ? peer->act_room * 2 : 64;
        peer->acts = xrealloc (peer->acts, peer->act_room * sizeof *peer->acts);
    }
    peer->acts[peer->act_count++] = *act;
}

static void on_assigned (void *owner, struct link *link, struct parcel *parcel)
{
    const struct msg_assigned *assigned = &parcel->said[0].assigned;
    struct peer *peer = owner;
    (void) link;
    born_or_pulled (&assigned->id, mono_ns ());
    drive.assigned_at = mono_ms ();
    struct msg_act act = {.ref = ++drive.next_ref,
                          .id = assigned->id,
                          .agency = assigned->agency,
                          .version = assigned->version,
                          .key = draw_key (),
                          .act = ACT_ANSWER,
                          .text =
                              view_of ("Sudah ditindaklanjuti oleh petugas kami, terima kasih.")};
    act_soon (peer, &act);
    act.ref = 0; /* the second time: whatever is answered is not counted */
    if (draw () % 20 == 0)
        act_soon (peer, &act);
    flush_acts (peer);
}

static void on_acted (void *owner, struct link *link, struct parcel *parcel)
{
    const struct msg_acted *acted = &parcel->said[0].acted;
    (void) owner;
    (void) link;
    if (acted->ref == 0)
        return;
    drive.answered += acted->verdict == VERDICT_DONE;
    drive.stale += acted->verdict == VERDICT_STALE;
    if (stalled_count)
        submit_next (stalled[--stalled_count], mono_ns ());
}

static void on_pulled (void *owner, struct link *link, struct parcel *parcel)
{
    (void) owner;
    (void) link;
    pull (parcel->said[0].pulled.ref);
}

/* Agencies are dealt out, so that the pulls name disjoint ones: first to the workers, then to as many
 * pulls of each as 64 agencies a pull make, busy and idle ones alike.  Each pull is kept twice: while
 * one is answered the other one is there. */
static void start_pulling (void)
{
    for (unsigned w = 0; w < drive.worker_count; w++) {
        unsigned own = (drive.agency_count - w + drive.worker_count - 1) / drive.worker_count,
                 pulls = (own + 63) / 64;
        for (unsigned i = 0; i < own; i++) {
            struct puller *puller = &pullers[puller_count + i % pulls];
            puller->peer = &drive.workers[w];
            puller->agencies[puller->agency_count++] =
                drive.agencies[w + i * drive.worker_count].number;
        }
        puller_count += pulls;
        for (unsigned i = 0; i < pulls; i++, puller_count++)
            pullers[puller_count] = pullers[puller_count - pulls];
    }
    for (unsigned i = 0; i < puller_count; i++)
        pull (i);
}

/* ---- connections --------------------------------------------------------------------------- */

static void peer_up (void *owner, struct link *link)
{
    (void) owner;
    (void) link;
    drive.up++;
}

static void peer_credit (void *owner, struct link *link)
{
    struct peer *peer = owner;
    size_t pulls = peer->pull_count;
    (void) link;
    flush_acts (peer);
    peer->pull_count = 0;
    for (size_t i = 0; i < pulls; i++)
        pull (peer->pulls[i]);
}

static link_message_fn *const handlers[WIRE_LAST] = {
    [WIRE_accepted] = on_accepted, [WIRE_tempfail] = on_tempfail, [WIRE_reject] = on_reject,
    [WIRE_assigned] = on_assigned, [WIRE_pulled] = on_pulled,     [WIRE_acted] = on_acted};
static const struct link_hooks hooks = {.handlers = handlers, .up = peer_up, .credit = peer_credit};

static void open_peer (struct peer *peer, const char *folder, const char *kind, unsigned number,
                       const char *door, const char *endpoint)
{
    char *key = xformat ("%s/keys/%s%u.key", folder, kind, number),
         *server = xformat ("%s/keys/%s.key", folder, door);
    struct link_keys keys, server_keys;
    check (keys_read (key, &keys) == 0 && keys_read (server, &server_keys) == 0);
    strcpy (keys.server_key, server_keys.public_key);
    peer->link = link_connect (drive.reactor, endpoint, &keys, "load", &hooks, peer);
    free (key);
    free (server);
}

static void open_peers (const char *folder, const char *intake, const char *router)
{
    int64_t until = mono_ms () + 30000;
    for (unsigned i = 0; i < drive.adapter_count; i++)
        open_peer (&drive.adapters[i], folder, "adapter-load", i, "intake", intake);
    for (unsigned i = 0; i < drive.worker_count; i++)
        open_peer (&drive.workers[i], folder, "worker-work", i, "router", router);
    while (drive.up < drive.adapter_count + drive.worker_count) {
        check (mono_ms () < until);
        reactor_turn (drive.reactor, 50);
    }
    make_contents (link_welcome (drive.adapters[0].link));
}

/* A worker that goes without a word is given work until its silence is noticed. */
static void close_peers (void)
{
    for (unsigned i = 0; i < drive.adapter_count; i++)
        link_destroy (&drive.adapters[i].link);
    for (unsigned i = 0; i < drive.worker_count; i++)
        link_destroy (&drive.workers[i].link);
    reactor_destroy (&drive.reactor);
    daemon_context_end ();
}

/* ---- a run --------------------------------------------------------------------------------- */

/* What stood when the time was over. */
struct figures {
    uint64_t lives, accepted;
    double seconds, accept[2], pulled[2]; /* ms: p50, p99 */
};

/* What was done before the figures begin. */
struct beginning {
    int64_t at; /* mono_ns */
    uint64_t lives, accepted;
};

static struct beginning begin_figures (void)
{
    drive.accept.count = drive.pulled.count = 0;
    return (struct beginning){mono_ns (), drive.answered, drive.accepted};
}

static struct figures take_figures (const struct beginning *began)
{
    return (struct figures){
        .lives = drive.answered - began->lives,
        .accepted = drive.accepted - began->accepted,
        .seconds = (double) (mono_ns () - began->at) / 1e9,
        .accept = {percentile (&drive.accept, 0.5), percentile (&drive.accept, 0.99)},
        .pulled = {percentile (&drive.pulled, 0.5), percentile (&drive.pulled, 0.99)}};
}

static void report (const struct figures *figures)
{
    printf ("{\"lives\": %" PRIu64 ", \"seconds\": %.3f, \"lives_s\": %.0f, \"accepted\": %" PRIu64
            ", \"accept_p50\": %.2f, \"accept_p99\": %.2f, \"pulled_p50\": %.2f, \"pulled_p99\": "
            "%.2f, \"answered\": %" PRIu64 ", \"repeats\": %" PRIu64 ", \"stale\": %" PRIu64
            ", \"failed\": %" PRIu64 "}\n",
            figures->lives, figures->seconds, (double) figures->lives / figures->seconds,
            figures->accepted, figures->accept[0], figures->accept[1], figures->pulled[0],
            figures->pulled[1], drive.answered, drive.repeats, drive.stale, drive.failed);
    fflush (stdout);
}

/* What was accepted is answered by those who have it, after the figures are taken: leases that nobody holds
 * any more would keep the next phase waiting until they run out. */
static void finish (void)
{
    int64_t until = mono_ms () + 60000;
    while (drive.answered < drive.accepted && mono_ms () - drive.assigned_at < 3000 &&
           mono_ms () < until)
        reactor_turn (drive.reactor, 20);
}

static int run_lives (int argc, char **argv, bool open, bool drain)
{
    check (argc >= 10);
    drive.open = open;
    drive.adapter_count = (unsigned) atoi (argv[6]);
    unsigned window = (unsigned) atoi (argv[7]);
    drive.worker_count = (unsigned) atoi (argv[8]);
    drive.count = (unsigned) atoi (argv[9]);
    drive.unfinished_most = argc > 10 ? (uint64_t) atoll (argv[10]) : 4000;
    drive.rate = open ? window : 0;
    drive.pid = getpid ();
    drive.seed = (uint64_t) mono_ns () | 1;
    drive.reactor = reactor_new ();
    check (sodium_init () >= 0);
    read_agencies (argv[2]);
    open_peers (argv[2], argv[3], argv[4]);
    int64_t warm = open || drain ? 0 : mono_ms () + WARM_MS;
    drive.ends = mono_ms () + (warm ? WARM_MS : 0) + atoll (argv[5]) * 1000;
    start_pulling ();
    struct beginning began = begin_figures ();
    for (unsigned w = 0; !open && w < window; w++)
        for (unsigned i = 0; i < drive.adapter_count; i++)
            submit_next (&drive.adapters[i], mono_ns ());
    drive.assigned_at = mono_ms ();
    while (running () && !(drain && mono_ms () - drive.assigned_at > 1000)) {
        int64_t due;
        while (open && running () &&
               (due = began.at + (int64_t) ((double) drive.submitted * 1e9 / drive.rate)) <=
                   mono_ns ())
            submit_next (&drive.adapters[drive.submitted % drive.adapter_count], due);
        reactor_turn (drive.reactor, open ? 1 : 20);
        if (warm && mono_ms () >= warm) {
            began = begin_figures ();
            warm = 0;
        }
    }
    struct figures figures = take_figures (&began);
    finish ();
    report (&figures);
    close_peers ();
    return 0;
}

/* ---- the notifier's part: claims, and says that all was sent ------------------------------- */

#define CLAIMS     8 /* that stand at once */
#define CLAIM_ROOM 1000

static uint64_t outcomes[CLAIM_ROOM], codes[CLAIM_ROOM];
static struct id claims[CLAIMS]; /* their dispatches, by ref modulo CLAIMS */

static void claim_again (struct link *link, uint64_t ref)
{
    struct msg_claim claim = {
        .ref = ref, .count = CLAIM_ROOM, .dispatch = id_random (), .wait = 10000};
    claims[ref % CLAIMS] = claim.dispatch;
    link_say (link, WIRE_claim, &claim);
}

static void on_claimed (void *owner, struct link *link, struct parcel *parcel)
{
    static uint64_t told_ref;
    const struct msg_claimed *said = &parcel->said[0].claimed;
    (void) owner;
    struct msg_told told = {.ref = ++told_ref,
                            .dispatch = claims[said->ref % CLAIMS],
                            .outcomes = {outcomes, (uint32_t) said->count},
                            .codes = {codes, (uint32_t) said->count}};
    if (said->count)
        link_say (link, WIRE_told, &told);
    claim_again (link, said->ref + CLAIMS);
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
    for (unsigned i = 0; i < CLAIMS; i++)
        claim_again (link, i);
}

static int run_notifier (const char *endpoint)
{
    static link_message_fn *const notifier_handlers[WIRE_LAST] = {[WIRE_notice] = on_nothing,
                                                                  [WIRE_claimed] = on_claimed,
                                                                  [WIRE_heard] = on_nothing,
                                                                  [WIRE_outbox] = on_nothing};
    static const struct link_hooks notifier_hooks = {.handlers = notifier_handlers,
                                                     .up = notifier_up};
    for (size_t i = 0; i < array_len (outcomes); i++)
        outcomes[i] = TOLD_SENT;
    struct reactor *reactor = reactor_new ();
    link_connect (reactor, endpoint, NULL, "load notifier", &notifier_hooks, NULL);
    reactor_run (reactor, 0);
    return 0;
}

int main (int argc, char **argv)
{
    log_open ("drive", LOG_WARNING);
    if (argc >= 3 && strcmp (argv[1], "notifier") == 0)
        return run_notifier (argv[2]);
    if (argc >= 10 && strcmp (argv[1], "lives") == 0)
        return run_lives (argc, argv, false, false);
    if (argc >= 10 && strcmp (argv[1], "open") == 0)
        return run_lives (argc, argv, true, false);
    if (argc >= 10 && strcmp (argv[1], "drain") == 0)
        return run_lives (argc, argv, false, true);
    fprintf (stderr, "usage: see the head of tests/load/drive.c\n");
    return 64;
}

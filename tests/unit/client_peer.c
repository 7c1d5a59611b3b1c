/* client_peer.c - see client_peer.h. */
#include "client_peer.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the peer -------------------------------------------------------------------------------- */

static char next_word (struct peer *peer)
{
    char word = *peer->script;
    if (peer->script[1])
        peer->script++;
    peer->heard++;
    return word;
}

static void say_accepted (struct peer *peer, struct link *link, uint64_t ref)
{
    struct id id = {{1, 2, 3}};
    (void) peer;
    link_say (link, WIRE_accepted,
              &(struct msg_accepted){.ref = ref,
                                     .id = id,
                                     .number = view_of ("A0123456789ABC"),
                                     .received = 77,
                                     .repeated = FLAG_YES});
}

static void on_submit (void *owner, struct link *from, struct parcel *parcel)
{
    struct peer *peer = owner;
    const struct msg_submit *said = &parcel->said[0].submit;
    assert_int_equal (parcel->frames, 2);
    peer->from = from;
    peer->ref = said->ref;
    peer->created = said->created;
    snprintf (peer->key, sizeof peer->key, "%.*s", (int) said->key.len, said->key.at);
    buffer_clear (&peer->content);
    struct view content = parcel_bytes (parcel, 1);
    buffer_add (&peer->content, content.at, content.len);
    switch (next_word (peer)) {
    case 'a': say_accepted (peer, from, said->ref); break;
    case 't':
        link_say (from, WIRE_tempfail,
                  &(struct msg_tempfail){.ref = said->ref, .retry = 20, .busy = BUSY_SLOW});
        break;
    case 'r':
        link_say (from, WIRE_reject,
                  &(struct msg_reject){
                      .ref = said->ref, .reject = REJECT_AHEAD, .field = view_of ("created")});
        break;
    case 'u':
        link_say (from, WIRE_refused,
                  &(struct msg_refused){
                      .refusal = REFUSAL_ROLE, .number = WIRE_submit, .ref = said->ref});
        break;
    case 'd': /* twice: the second must be harmless */
        say_accepted (peer, from, said->ref);
        say_accepted (peer, from, said->ref);
        break;
    default: break; /* '-': silence */
    }
    if (peer->credit_kept)
        peer->credit_kept--;
    else
        link_credit (from, WIRE_CLASS_REST, 1);
}

/* Two entries; where it is `torn`, lists of different lengths, words and digests that end too early. */
static void add_history (struct parcel *parcel, bool torn)
{
    static const uint64_t times[] = {1, 2}, acts[] = {ACT_HAND_BACK, 0}, kinds[] = {0, KIND_REPLY},
                          agencies[] = {7, 0}, reasons[] = {HAND_BACK_WRONG_REGION, 0},
                          suggested[] = {8, 0};
    static const char words[] = "91\0"
                                "92\0"
                                "Bukan kami\0\0\0"
                                "Di RT 5";
    static const uint64_t files[] = {0, 2};
    static const char digests[2 * ADUAN_DIGEST_BYTES] = {[0] = 'a', [ADUAN_DIGEST_BYTES] = 'b'};
    parcel_add (parcel, WIRE_history,
                &(struct msg_history){.omitted = 3,
                                      .times = {times, 2},
                                      .acts = {acts, 2},
                                      .kinds = {kinds, 2},
                                      .agencies = {agencies, 2},
                                      .reasons = {reasons, 2},
                                      .suggested = {suggested, torn ? 1 : 2},
                                      .words = {words, torn ? 7 : sizeof words},
                                      .files = {torn ? files + 1 : files, torn ? 1 : 2},
                                      .digests = {digests, torn ? 7 : sizeof digests}});
}

static void say_case (struct link *link, uint64_t ref, uint64_t waited, char how)
{
    struct parcel parcel = {0};
    struct id id = {{9}};
    char files[ADUAN_DIGEST_BYTES];
    memset (files, 'f', sizeof files);
    parcel_add (&parcel, WIRE_assigned,
                &(struct msg_assigned){.ref = ref,
                                       .id = id,
                                       .agency = 7,
                                       .version = 42,
                                       .lease = 10000,
                                       .waited = waited,
                                       .attempt = 1,
                                       .number = view_of ("A0123456789ABC"),
                                       .priority = PRIORITY_NORMAL,
                                       .region = view_of ("33.74"),
                                       .location = view_of ("Jalan Melati"),
                                       .received = 5,
                                       .secret = FLAG_NO});
    parcel_add (&parcel, WIRE_content,
                &(struct msg_content){.title = view_of ("Lampu"),
                                      .text = view_of ("Lampu padam"),
                                      .attachments = {files, how == 'a' ? sizeof files : 0}});
    if (how != 'a')
        add_history (&parcel, how == 't');
    assert_int_equal (link_send (link, &parcel), 0);
    parcel_done (&parcel);
}

void say_assigned (struct link *link, uint64_t ref, uint64_t waited)
{
    say_case (link, ref, waited, 'a');
}

static void on_pull (void *owner, struct link *from, struct parcel *parcel)
{
    struct peer *peer = owner;
    const struct msg_pull *said = &parcel->said[0].pull;
    uint64_t ref = said->ref;
    char word = next_word (peer);
    peer->from = from;
    switch (word) {
    case 'h': /* with a history, */
    case 't': /* a torn one, */
    case 'a': /* or none: as many as were asked for */
        for (uint64_t i = 0; i < said->count; i++)
            say_case (from, ref, 3000, word);
        link_say (from, WIRE_pulled,
                  &(struct msg_pulled){.ref = ref, .count = said->count, .verdict = VERDICT_DONE});
        break;
    case 'o': /* one, and the end is lost */ say_assigned (from, ref, 0); break;
    case 's':
        link_say (
            from, WIRE_pulled,
            &(struct msg_pulled){.ref = ref, .verdict = VERDICT_REFUSED, .reason = REASON_SCOPE});
        break;
    case 'b':
        link_say (
            from, WIRE_pulled,
            &(struct msg_pulled){.ref = ref, .verdict = VERDICT_REFUSED, .reason = REASON_BUSY});
        break;
    default: break;
    }
    peer->pull_ref = ref;
    link_credit (from, WIRE_CLASS_ACTS, 1);
}

static void on_act (void *owner, struct link *from, struct parcel *parcel)
{
    struct peer *peer = owner;
    const struct msg_act *said = &parcel->said[0].act;
    struct msg_acted acted = {
        .ref = said->ref, .id = said->id, .verdict = VERDICT_DONE, .version = said->version + 1};
    peer->act = said->act;
    peer->act_key = said->key;
    peer->act_id = said->id;
    peer->releases += said->act == ACT_RELEASE;
    switch (next_word (peer)) {
    case 'a': link_say (from, WIRE_acted, &acted); break;
    case 's':
        acted.verdict = VERDICT_STALE;
        acted.reason = REASON_VERSION;
        link_say (from, WIRE_acted, &acted);
        break;
    default: break;
    }
    link_credit (from, WIRE_CLASS_ACTS, 1);
}

static void on_ask (void *owner, struct link *from, struct parcel *parcel)
{
    struct peer *peer = owner;
    const struct msg_ask *said = &parcel->said[0].ask;
    struct msg_rows rows = {.ref = said->ref, .verdict = VERDICT_DONE, .rows = said->arguments};
    if (next_word (peer) == 'a')
        link_say (from, WIRE_rows, &rows);
    link_credit (from, WIRE_CLASS_REST, 1);
}

static void on_show (void *owner, struct link *from, struct parcel *parcel)
{
    struct peer *peer = owner;
    next_word (peer);
    link_say (from, WIRE_shown, &(struct msg_shown){.text = parcel->said[0].show.what});
}

static void fill_welcome (void *owner, struct link *link, struct msg_welcome *welcome)
{
    struct peer *peer = owner;
    (void) link;
    if (!peer->keys)
        return;
    welcome->seal_key = (struct view){(const char *) peer->seal_public, 32};
    welcome->seal_key_id = 3;
    welcome->contact_key = (struct view){(const char *) peer->contact_public, 32};
    welcome->contact_key_id = 4;
}

static link_message_fn *const peer_handlers[WIRE_LAST] = {
    [WIRE_submit] = on_submit, [WIRE_pull] = on_pull, [WIRE_act] = on_act,
    [WIRE_ask] = on_ask,       [WIRE_show] = on_show,
};
const struct link_hooks peer_hooks = {.handlers = peer_handlers, .welcome = fill_welcome};

char endpoint[64];

void peer_listen (struct peer *peer, unsigned credit)
{
    static unsigned listeners;
    snprintf (endpoint, sizeof endpoint, "ipc://@aduan-test-client-%d-%u", getpid (), ++listeners);
    assert_int_equal (link_listen (client_reactor (peer->loop), endpoint, NULL, &peer_hooks, peer,
                                   credit, credit, &peer->listener),
                      0);
}

/* ---- the world of one test ------------------------------------------------------------------- */

void world_begin (struct world *world, const char *script, unsigned credit)
{
    *world = (struct world){0};
    world->loop = aduan_loop_new ();
    world->peer.loop = world->loop;
    world->peer.script = script;
    peer_listen (&world->peer, credit);
    struct aduan_options options = {.loop = world->loop,
                                    .name = "warga",
                                    .intake = endpoint,
                                    .router = endpoint,
                                    .query = endpoint,
                                    .repeat_ms = 60};
    assert_int_equal (aduan_open (&options, &world->aduan), 0);
}

void world_open (struct world *world, const char *script, unsigned credit)
{
    world_begin (world, script, credit);
    until (world, aduan_is_up (world->aduan));
}

void world_close (struct world *world)
{
    aduan_close (&world->aduan);
    listener_destroy (&world->peer.listener);
    buffer_free (&world->peer.content);
    aduan_loop_free (&world->loop);
}

const struct aduan_submission sample = {
    .key = "form-1",
    .created = 1700000000000,
    .channel = ADUAN_CHANNEL_WEB,
    .title = "Lampu padam",
    .text = "Lampu jalan di depan pasar padam sejak Senin.",
};

void on_outcome (void *with, const struct aduan_submitted *result)
{
    struct heard *outcome = with;
    outcome->calls++;
    outcome->submitted = *result;
}

void on_assigned_outcome (void *with, const struct aduan_assignment *assignment)
{
    struct heard *outcome = with;
    outcome->assigned++;
    assert_string_equal (assignment->text, "Lampu padam");
}

void on_pulled_outcome (void *with, const struct aduan_pulled *result)
{
    struct heard *outcome = with;
    outcome->calls++;
    outcome->pulled = *result;
}

/* test_client.c - libaduan against a peer in the same loop that answers, is silent, refuses, or goes.
 *
 * The peer speaks through the daemon layer's own listener; what it says is a script of one word per
 * message.  Nothing sleeps: every wait is a turn of the loop until something is so, or a deadline.
 * With ADUAN_MEASURE=1 the last test prints how many operations a second one process manages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <msgpack.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "client/client.h"
#include "daemon/door.h"
#include "domain/number.h"

#define DEADLINE_MS 10000

/* ---- the peer -------------------------------------------------------------------------------- */

struct peer {
    struct aduan_loop *loop;
    struct listener *listener;
    const char *script; /* a letter for each message of a kind, the last one for all further ones */
    unsigned heard;
    unsigned credit_kept; /* messages whose credit is not given back */
    bool keys;
    uint8_t seal_public[32], seal_secret[32], contact_public[32], contact_secret[32];
    /* what it heard last, and what must be the same on every repeat */
    uint64_t ref, created, pull_ref;
    char key[129];
    struct buffer content;
    struct id act_key, act_id;
    uint32_t act;
    unsigned releases;
    struct link *from;
};

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

/* Two entries; where it is `torn`, lists of different lengths and words that end too early. */
static void add_history (struct parcel *parcel, bool torn)
{
    static const uint64_t times[] = {1, 2}, acts[] = {ACT_HAND_BACK, 0}, kinds[] = {0, KIND_REPLY},
                          agencies[] = {7, 0}, reasons[] = {HAND_BACK_WRONG_REGION, 0},
                          suggested[] = {8, 0};
    static const char words[] = "91\0"
                                "92\0"
                                "Bukan kami\0\0\0"
                                "Di RT 5";
    parcel_add (parcel, WIRE_history,
                &(struct msg_history){.omitted = 3,
                                      .times = {times, 2},
                                      .acts = {acts, 2},
                                      .kinds = {kinds, 2},
                                      .agencies = {agencies, 2},
                                      .reasons = {reasons, 2},
                                      .suggested = {suggested, torn ? 1 : 2},
                                      .words = {words, torn ? 7 : sizeof words}});
}

static void say_case (struct link *link, uint64_t ref, uint64_t waited, char how)
{
    struct parcel parcel = {0};
    struct id id = {{9}};
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
                &(struct msg_content){.title = view_of ("Lampu"), .text = view_of ("Lampu padam")});
    if (how != 'a')
        add_history (&parcel, how == 't');
    assert_int_equal (link_send (link, &parcel), 0);
    parcel_done (&parcel);
}

static void say_assigned (struct link *link, uint64_t ref, uint64_t waited)
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
static const struct link_hooks peer_hooks = {.handlers = peer_handlers, .welcome = fill_welcome};

/* A new name for each listener: libzmq gives the name of a closed one back at a time of its own. */
static char endpoint[64];

static void peer_listen (struct peer *peer, unsigned credit)
{
    static unsigned listeners;
    snprintf (endpoint, sizeof endpoint, "ipc://@aduan-test-client-%d-%u", getpid (), ++listeners);
    assert_int_equal (link_listen (client_reactor (peer->loop), endpoint, NULL, &peer_hooks, peer,
                                   credit, credit, &peer->listener),
                      0);
}

/* ---- the world of one test ------------------------------------------------------------------- */

struct world {
    struct peer peer;
    struct aduan_loop *loop;
    struct aduan *aduan;
};

#define until(world, condition)                                                                    \
    do {                                                                                           \
        int64_t until_ = mono_ms () + DEADLINE_MS;                                                 \
        while (!(condition) && mono_ms () < until_)                                                \
            aduan_loop_turn ((world)->loop, 20);                                                   \
        assert_true (condition);                                                                   \
    } while (0)

static void world_begin (struct world *world, const char *script, unsigned credit)
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

/* And greeted: short deadlines are for what comes after. */
static void world_open (struct world *world, const char *script, unsigned credit)
{
    world_begin (world, script, credit);
    until (world, aduan_is_up (world->aduan));
}

static void world_close (struct world *world)
{
    aduan_close (&world->aduan);
    listener_destroy (&world->peer.listener);
    buffer_free (&world->peer.content);
    aduan_loop_free (&world->loop);
}

static const struct aduan_submission sample = {
    .key = "form-1",
    .created = 1700000000000,
    .channel = ADUAN_CHANNEL_WEB,
    .title = "Lampu padam",
    .text = "Lampu jalan di depan pasar padam sejak Senin.",
};

struct heard {
    unsigned calls, assigned;
    struct aduan_submitted submitted;
    struct aduan_pulled pulled;
};

static void on_outcome (void *with, const struct aduan_submitted *result)
{
    struct heard *outcome = with;
    outcome->calls++;
    outcome->submitted = *result;
}

static void on_assigned_outcome (void *with, const struct aduan_assignment *assignment)
{
    struct heard *outcome = with;
    outcome->assigned++;
    assert_string_equal (assignment->text, "Lampu padam");
}

static void on_pulled_outcome (void *with, const struct aduan_pulled *result)
{
    struct heard *outcome = with;
    outcome->calls++;
    outcome->pulled = *result;
}

/* ---- submit ---------------------------------------------------------------------------------- */

static void accepted_carries_everything (void **state)
{
    struct world world;
    struct aduan_submitted result;
    (void) state;
    world_open (&world, "a", 64);
    assert_int_equal (aduan_submit (world.aduan, &sample, 5000, &result), ADUAN_ACCEPTED);
    assert_string_equal (result.number, "A0123456789ABC");
    assert_int_equal (result.received, 77);
    assert_int_equal (result.id[1], 2);
    assert_true (result.repeated);
    assert_int_equal (result.tries, 1);
    assert_true (aduan_is_up (world.aduan) || aduan_pending (world.aduan) == 0);
    world_close (&world);
}

/* Every way of not being answered is followed by the same key and the same `created`. */
static void repeats_are_the_same (void **state)
{
    static const struct {
        const char *name, *script;
        unsigned heard;
    } cases[] = {
        {"silence", "-a", 2},       {"silence twice", "--a", 3},
        {"tempfail", "ta", 2},      {"tempfail and silence", "t-ta", 4},
        {"answered twice", "d", 1},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct world world;
        struct aduan_submitted result;
        world_open (&world, cases[i].script, 64);
        assert_int_equal (aduan_submit (world.aduan, &sample, 8000, &result), ADUAN_ACCEPTED);
        assert_int_equal (world.peer.heard, cases[i].heard);
        assert_int_equal (result.tries, cases[i].heard);
        assert_string_equal (world.peer.key, "form-1");
        assert_int_equal (world.peer.created, sample.created);
        aduan_loop_turn (world.loop, 0);
        world_close (&world);
    }
}

static void refusals_are_final (void **state)
{
    struct world world;
    struct aduan_submitted result;
    (void) state;
    world_open (&world, "ru", 64);
    assert_int_equal (aduan_submit (world.aduan, &sample, 5000, &result), ADUAN_REJECTED);
    assert_int_equal (result.reject, ADUAN_REJECT_AHEAD);
    assert_string_equal (result.field, "created");
    assert_int_equal (aduan_submit (world.aduan, &sample, 5000, &result), ADUAN_REFUSED);
    assert_int_equal (result.refusal, ADUAN_REFUSAL_ROLE);
    world_close (&world);
}

/* Refused at the second try: the first one may have been taken. */
static void refused_after_silence_is_unknown (void **state)
{
    struct world world;
    (void) state;
    world_open (&world, "-u", 64);
    assert_int_equal (aduan_submit (world.aduan, &sample, 5000, NULL), ADUAN_UNKNOWN);
    world_close (&world);
}

static void out_of_time_is_unknown_or_unsent (void **state)
{
    struct world world;
    (void) state;
    world_open (&world, "-", 64);
    assert_int_equal (aduan_submit (world.aduan, &sample, 200, NULL), ADUAN_UNKNOWN);
    world_close (&world);

    struct aduan_options nobody = {.intake = "ipc:///nonexistent/nobody.sock"};
    struct aduan *aduan;
    assert_int_equal (aduan_open (&nobody, &aduan), 0);
    assert_int_equal (aduan_submit (aduan, &sample, 100, NULL), ADUAN_UNSENT);
    assert_false (aduan_is_up (aduan));
    aduan_close (&aduan);
}

/* ---- a door of keys --------------------------------------------------------------------------- */

struct guarded {
    struct world world;
    struct door *door;
    char server_key[41];
    struct link_keys own;
};

/* The door lets `key` in and nobody else. */
static void let_in (struct guarded *guarded, const char *key)
{
    struct principals *principals;
    char *line = xformat ("principal\t1\t%s\tadapter\twarga\t-\t-\n", key);
    assert_int_equal (principals_parse (line, strlen (line), &principals), 0);
    door_set_principals (guarded->door, &principals);
    free (line);
}

static void guarded_open (struct guarded *guarded)
{
    char folder[] = "/var/tmp/aduan-client-XXXXXX";
    struct world *world = &guarded->world;
    *guarded = (struct guarded){0};
    world->loop = world->peer.loop = aduan_loop_new ();
    world->peer.script = "a";
    assert_non_null (mkdtemp (folder));
    char *path = xformat ("%s/server.key", folder);
    assert_int_equal (keys_make (path, guarded->server_key), 0);
    struct reactor *reactor = client_reactor (world->loop);
    assert_int_equal (door_open (reactor, path, ROLE_ADAPTER, &guarded->door), 0);
    assert_int_equal (unlink (path) | rmdir (folder), 0);
    free (path);
    assert_int_equal (link_listen (reactor, "tcp://127.0.0.1:0", guarded->door, &peer_hooks,
                                   &world->peer, 64, 64, &world->peer.listener),
                      0);
    assert_int_equal (zmq_curve_keypair (guarded->own.public_key, guarded->own.secret_key), 0);
}

static void guarded_enter (struct guarded *guarded, const char *server_key)
{
    struct aduan_options options = {.loop = guarded->world.loop,
                                    .name = "warga",
                                    .intake = listener_endpoint (guarded->world.peer.listener),
                                    .intake_key = server_key,
                                    .public_key = guarded->own.public_key,
                                    .secret_key = guarded->own.secret_key};
    assert_int_equal (aduan_open (&options, &guarded->world.aduan), 0);
}

static void guarded_close (struct guarded *guarded)
{
    aduan_close (&guarded->world.aduan);
    listener_destroy (&guarded->world.peer.listener);
    door_destroy (&guarded->door);
    buffer_free (&guarded->world.peer.content);
    aduan_loop_free (&guarded->world.loop);
}

/* What was never said ends at once, with the key named; a key that is entered later is let in. */
static void a_key_that_is_not_known_is_told (void **state)
{
    struct guarded guarded;
    struct aduan_submitted result;
    char stranger[41], secret[41];
    (void) state;
    guarded_open (&guarded);
    assert_int_equal (zmq_curve_keypair (stranger, secret), 0);
    let_in (&guarded, stranger);
    guarded_enter (&guarded, guarded.server_key);
    int64_t began = mono_ms ();
    assert_int_equal (aduan_submit (guarded.world.aduan, &sample, 20000, &result), ADUAN_REFUSED);
    assert_in_range (mono_ms () - began, 0, 5000);
    assert_int_equal (result.refusal, ADUAN_REFUSAL_PRINCIPAL);
    assert_non_null (strstr (aduan_problem (), "the key of \"warga\" is not let in"));
    /* out of time before the next try: still not nobody */
    assert_int_equal (aduan_submit (guarded.world.aduan, &sample, 50, &result), ADUAN_REFUSED);
    let_in (&guarded, guarded.own.public_key);
    assert_int_equal (aduan_submit (guarded.world.aduan, &sample, 20000, &result), ADUAN_ACCEPTED);
    assert_int_equal (link_barred (guarded.world.aduan->lines[LINE_INTAKE].link), LINK_BAR_NONE);
    /* taken away from a live session: what was said may have been heard */
    let_in (&guarded, stranger);
    began = mono_ms ();
    assert_int_equal (aduan_submit (guarded.world.aduan, &sample, 20000, &result), ADUAN_UNKNOWN);
    assert_int_equal (aduan_submit (guarded.world.aduan, &sample, 50, &result), ADUAN_REFUSED);
    assert_in_range (mono_ms () - began, 0, 3000);
    guarded_close (&guarded);
}

/* A wrong key of the server looks like something that listens for a door which is down: it is told in
 * the log, and what waits goes on waiting. */
static void a_hung_up_handshake_is_told_and_waits (void **state)
{
    struct guarded guarded;
    char stranger[41], secret[41];
    (void) state;
    guarded_open (&guarded);
    let_in (&guarded, guarded.own.public_key);
    assert_int_equal (zmq_curve_keypair (stranger, secret), 0);
    guarded_enter (&guarded, stranger);
    const struct link *link = guarded.world.aduan->lines[LINE_INTAKE].link;
    until (&guarded.world, link_barred (link) == LINK_BAR_HANDSHAKE);
    assert_non_null (strstr (aduan_problem (), "the pinned key is not its public key"));
    assert_int_equal (aduan_submit (guarded.world.aduan, &sample, 300, NULL), ADUAN_UNSENT);
    guarded_close (&guarded);
}

/* A door that has no table yet says nothing of our key. */
static void a_door_without_a_table_bars_nobody (void **state)
{
    struct guarded guarded;
    (void) state;
    guarded_open (&guarded);
    guarded_enter (&guarded, guarded.server_key);
    const struct link *link = guarded.world.aduan->lines[LINE_INTAKE].link;
    assert_int_equal (aduan_submit (guarded.world.aduan, &sample, 2500, NULL), ADUAN_UNSENT);
    assert_int_equal (link_barred (link), LINK_BAR_NONE);
    guarded_close (&guarded);
}

#define CONTACT(kind_, address_)                                                                   \
    {                                                                                              \
        {.key = "k",                                                                               \
         .channel = 1,                                                                             \
         .text = "x",                                                                              \
         .contact = &(struct aduan_contact){.kind = (kind_), .address = (address_)}},              \
            ADUAN_REJECT_VALUE, "contact"                                                          \
    }

static void faults_of_our_own_are_rejected_like_intakes (void **state)
{
    static char long_text[40002], long_place[] = "33.74.01.1001.7";
    static const char broken[] = "\xff\xfe";
    memset (long_text, 'a', sizeof long_text - 1);
    const struct {
        struct aduan_submission change;
        uint32_t reject;
        const char *field;
    } cases[] = {
        {{.channel = 1, .text = "x"}, ADUAN_REJECT_MISSING, "key"},
        {{.key = "k", .text = "x"}, ADUAN_REJECT_MISSING, "channel"},
        {{.key = "k", .channel = 99, .text = "x"}, ADUAN_REJECT_VALUE, "channel"},
        {{.key = "k", .channel = 1, .text = long_text}, ADUAN_REJECT_TOO_LONG, "text"},
        {{.key = "k", .channel = 1, .text = "x", .place = long_place},
         ADUAN_REJECT_TOO_LONG,
         "place"},
        {{.key = "k", .channel = 1, .text = "x", .location = broken},
         ADUAN_REJECT_MALFORMED,
         "location"},
        {{.key = "k", .channel = 1, .text = "x", .code = "no code"},
         ADUAN_REJECT_VALUE,
         "code_hash"},
        {{.key = "k", .channel = 1, .text = "x", .created = UINT64_MAX},
         ADUAN_REJECT_VALUE,
         "created"},
        {{.key = "k",
          .channel = 1,
          .text = "x",
          .identity = &(struct aduan_identity){.envelope = long_text,
                                               .envelope_len = 40000,
                                               .name = long_text,
                                               .address = long_text,
                                               .email = long_text}},
         ADUAN_REJECT_TOO_LONG,
         "seal"},
        CONTACT (NULL, "notanaddress"),
        CONTACT (NULL, "a@b, c@d"),
        CONTACT ("email", "sari@example.org\nBcc: x@example.org"),
        CONTACT ("", "sari@example.org "),
        CONTACT (NULL, "sari@localhost"),
        CONTACT (NULL, long_text),
        CONTACT ("phone", "sari@example.org"),
        CONTACT ("sms", "1234"),
        CONTACT ("whatsapp", "0812\r345678"),
    };
    struct world world;
    (void) state;
    world_open (&world, "a", 64);
    for (size_t i = 0; i < array_len (cases); i++) {
        struct aduan_submitted result;
        assert_int_equal (aduan_submit (world.aduan, &cases[i].change, 5000, &result),
                          ADUAN_REJECTED);
        assert_int_equal (result.reject, cases[i].reject);
        assert_string_equal (result.field, cases[i].field);
    }
    assert_int_equal (world.peer.heard, 0);
    world_close (&world);
}

/* The peer goes with submissions unanswered and comes again: all are answered, none is forgotten. */
static void a_new_peer_hears_them_again (void **state)
{
    struct world world;
    struct heard outcomes[40] = {0};
    unsigned done = 0;
    (void) state;
    world_open (&world, "-", 64);
    for (unsigned i = 0; i < array_len (outcomes); i++)
        aduan_submit_start (world.aduan, &sample, 0, on_outcome, &outcomes[i]);
    until (&world, world.peer.heard >= array_len (outcomes));
    listener_destroy (&world.peer.listener);
    aduan_close (&world.aduan); /* a second handle: the next peer has another name */
    for (unsigned i = 0; i < array_len (outcomes); i++)
        assert_int_equal (outcomes[i].submitted.result, ADUAN_UNKNOWN);
    world.peer.script = "a";
    peer_listen (&world.peer, 64);
    struct aduan_options options = {.loop = world.loop, .intake = endpoint};
    assert_int_equal (aduan_open (&options, &world.aduan), 0);
    for (unsigned i = 0; i < array_len (outcomes); i++)
        aduan_submit_start (world.aduan, &sample, 0, on_outcome, &outcomes[i]);
    until (&world, aduan_pending (world.aduan) == 0);
    for (unsigned i = 0; i < array_len (outcomes); i++)
        done += outcomes[i].calls == 2 && outcomes[i].submitted.result == ADUAN_ACCEPTED;
    assert_int_equal (done, array_len (outcomes));
    world_close (&world);
}

/* Over a unix socket the same handle lives through the loss of its peer. */
static void a_lost_link_repeats_by_itself (void **state)
{
    struct world world = {0};
    struct heard outcomes[20] = {0};
    char folder[] = "/tmp/aduan-client-XXXXXX";
    (void) state;
    assert_non_null (mkdtemp (folder));
    char *socket = xformat ("ipc://%s/intake.sock", folder);
    world.loop = aduan_loop_new ();
    world.peer.loop = world.loop;
    world.peer.script = "-";
    struct listener **listener = &world.peer.listener;
    struct reactor *reactor = client_reactor (world.loop);
    assert_int_equal (
        link_listen (reactor, socket, NULL, &peer_hooks, &world.peer, 64, 64, listener), 0);
    struct aduan_options options = {.loop = world.loop, .intake = socket, .repeat_ms = 60000};
    assert_int_equal (aduan_open (&options, &world.aduan), 0);
    for (unsigned i = 0; i < array_len (outcomes); i++)
        aduan_submit_start (world.aduan, &sample, 0, on_outcome, &outcomes[i]);
    until (&world, world.peer.heard == array_len (outcomes));
    listener_destroy (listener);
    aduan_loop_turn (world.loop, 0);
    world.peer.script = "a";
    assert_int_equal (
        link_listen (reactor, socket, NULL, &peer_hooks, &world.peer, 64, 64, listener), 0);
    until (&world, aduan_pending (world.aduan) == 0);
    for (unsigned i = 0; i < array_len (outcomes); i++) {
        assert_int_equal (outcomes[i].calls, 1);
        assert_int_equal (outcomes[i].submitted.result, ADUAN_ACCEPTED);
        assert_int_equal (outcomes[i].submitted.tries, 2);
    }
    world_close (&world);
    char *remove = xformat ("rm -rf %s", folder);
    assert_int_equal (system (remove), 0);
    free (remove);
    free (socket);
}

static void credit_is_kept_to (void **state)
{
    struct world world;
    struct heard outcomes[30] = {0};
    (void) state;
    world_open (&world, "a", 8);
    world.peer.credit_kept = 8; /* the first eight stay unpaid */
    for (unsigned i = 0; i < array_len (outcomes); i++)
        aduan_submit_start (world.aduan, &sample, 0, on_outcome, &outcomes[i]);
    until (&world, world.peer.heard == 8);
    for (int i = 0; i < 20; i++)
        aduan_loop_turn (world.loop, 1);
    assert_int_equal (world.peer.heard, 8);
    link_credit (world.peer.from, WIRE_CLASS_REST, 8);
    until (&world, aduan_pending (world.aduan) == 0);
    assert_int_equal (world.peer.heard, array_len (outcomes));
    world_close (&world);
}

static void closing_ends_everything_once (void **state)
{
    struct world world;
    struct heard sent = {0}, unsent = {0};
    (void) state;
    world_open (&world, "-", 1);
    world.peer.credit_kept = 1;
    aduan_submit_start (world.aduan, &sample, 0, on_outcome, &sent);
    aduan_submit_start (world.aduan, &sample, 0, on_outcome, &unsent);
    until (&world, world.peer.heard == 1);
    world_close (&world);
    assert_int_equal (sent.calls, 1);
    assert_int_equal (unsent.calls, 1);
    assert_int_equal (sent.submitted.result, ADUAN_UNKNOWN);
    assert_int_equal (unsent.submitted.result, ADUAN_UNSENT);
}

/* ---- what is sealed -------------------------------------------------------------------------- */

static const msgpack_object *tag (const msgpack_object *map, uint64_t wanted)
{
    for (uint32_t i = 0; i < map->via.map.size; i++)
        if (map->via.map.ptr[i].key.via.u64 == wanted)
            return &map->via.map.ptr[i].val;
    return NULL;
}

static void assert_bytes (const msgpack_object *object, const char *text)
{
    assert_non_null (object);
    bool string = object->type == MSGPACK_OBJECT_STR;
    size_t len = string ? object->via.str.size : object->via.bin.size;
    assert_int_equal (len, strlen (text));
    assert_memory_equal (string ? object->via.str.ptr : object->via.bin.ptr, text, len);
}

/* Opens a box and unpacks it; the caller frees both. */
static char *open_box (struct view box, const uint8_t *public_key, const uint8_t *secret,
                       size_t step, msgpack_unpacked *ret)
{
    size_t padded = box.len - crypto_box_SEALBYTES, len;
    char *clear = xcalloc (1, padded);
    assert_int_equal (padded % step, 0);
    assert_int_equal (crypto_box_seal_open ((uint8_t *) clear, (const uint8_t *) box.at, box.len,
                                            public_key, secret),
                      0);
    assert_int_equal (sodium_unpad (&len, (const uint8_t *) clear, padded, step), 0);
    assert_int_equal (wire_scan (clear, len), 0);
    msgpack_unpacked_init (ret);
    assert_int_equal (msgpack_unpack_next (ret, clear, len, NULL), MSGPACK_UNPACK_SUCCESS);
    return clear;
}

static void identity_is_sealed (void **state)
{
    struct world world;
    struct aduan_submission submission = sample;
    struct aduan_identity identity = {.name = "Siti Contoh",
                                      .nik = "3374000000000001",
                                      .phone = "0800000000",
                                      .address = "Jalan Contoh 1"};
    struct aduan_contact contact = {.address = "siti@example.org",
                                    .language = ADUAN_LANGUAGE_EN,
                                    .message_id = "<1@example.org>"};
    (void) state;
    world_begin (&world, "-a", 64); /* twice: the same bytes both times */
    world.peer.keys = true;
    crypto_box_keypair (world.peer.seal_public, world.peer.seal_secret);
    crypto_box_keypair (world.peer.contact_public, world.peer.contact_secret);
    submission.identity = &identity;
    submission.contact = &contact;
    assert_int_equal (aduan_submit (world.aduan, &submission, 5000, NULL), ADUAN_ACCEPTED);
    assert_int_equal (world.peer.heard, 2);
    assert_null (memmem (world.peer.content.at, world.peer.content.len, "Siti", 4));
    assert_null (memmem (world.peer.content.at, world.peer.content.len, "siti@", 5));

    struct wire_message message;
    struct wire_fault fault;
    assert_int_equal (wire_decode (world.peer.content.at, world.peer.content.len, &message, &fault),
                      0);
    assert_int_equal (message.content.seal_key_id, 3);
    assert_int_equal (message.content.contact_key_id, 4);
    assert_true (view_is (message.content.title, "Lampu padam"));
    msgpack_unpacked unpacked;
    char *clear = open_box (message.content.seal, world.peer.seal_public, world.peer.seal_secret,
                            512, &unpacked);
    assert_int_equal (tag (&unpacked.data, 1)->via.u64, 1);
    assert_bytes (tag (&unpacked.data, 2), "warga");
    assert_bytes (tag (&unpacked.data, 3), "form-1");
    const msgpack_object *who = tag (&unpacked.data, 4);
    assert_bytes (tag (who, 1), "Siti Contoh");
    assert_bytes (tag (who, 2), "3374000000000001");
    assert_bytes (tag (who, 3), "0800000000");
    assert_null (tag (who, 4));
    assert_bytes (tag (who, 5), "Jalan Contoh 1");
    msgpack_unpacked_destroy (&unpacked);
    free (clear);
    clear = open_box (message.content.contact, world.peer.contact_public, world.peer.contact_secret,
                      256, &unpacked);
    assert_bytes (tag (&unpacked.data, 4), "email");
    assert_bytes (tag (&unpacked.data, 5), "siti@example.org");
    assert_int_equal (tag (&unpacked.data, 6)->via.u64, LANGUAGE_EN);
    assert_bytes (tag (&unpacked.data, 7), "<1@example.org>");
    assert_null (tag (&unpacked.data, 8));
    msgpack_unpacked_destroy (&unpacked);
    free (clear);
    wire_done (&message);
    world_close (&world);
}

static void without_a_sealing_key_nothing_leaves (void **state)
{
    struct world world;
    struct aduan_submission submission = sample;
    struct aduan_submitted result;
    struct aduan_identity identity = {.name = "Siti Contoh"};
    (void) state;
    world_open (&world, "a", 64);
    submission.identity = &identity;
    assert_int_equal (aduan_submit (world.aduan, &submission, 5000, &result), ADUAN_REFUSED);
    assert_string_equal (result.field, "seal_key");
    assert_int_equal (world.peer.heard, 0);
    world_close (&world);
}

/* ---- work ------------------------------------------------------------------------------------ */

static const uint32_t seven = 7;
static const struct aduan_pull one_pull = {
    .agencies = &seven, .agency_count = 1, .count = 2, .wait_ms = 50};

static void pulled_with_leases (void **state)
{
    struct world world;
    struct aduan_assignment *list;
    struct aduan_pulled result;
    (void) state;
    world_open (&world, "a", 64);
    int64_t before = boot_ms ();
    assert_int_equal (aduan_pull (world.aduan, &one_pull, 5000, &list, &result), ADUAN_DONE);
    int64_t after = boot_ms ();
    assert_int_equal (result.count, 2);
    assert_string_equal (list[1].location, "Jalan Melati");
    assert_string_equal (list[1].title, "Lampu");
    assert_string_equal (list[1].text, "Lampu padam");
    assert_string_equal (list[1].region, "33.74");
    assert_int_equal (list[1].version, 42);
    /* 80 % of 10 s, from the moment it was said plus 3 s of waiting */
    assert_in_range (list[0].stop_at, before + 3000 + 8000, after + 3000 + 8000);
    assert_in_range (aduan_lease_left (&list[0]), 1, 11000);
    list[0].stop_at = boot_ms () - 1;
    assert_int_equal (aduan_lease_left (&list[0]), 0);
    aduan_assignments_free (&list, result.count);
    world_close (&world);
}

static void pulled_with_history (void **state)
{
    struct world world;
    struct aduan_assignment *list;
    struct aduan_pulled result;
    (void) state;
    world_open (&world, "hta", 64);
    assert_int_equal (aduan_pull (world.aduan, &one_pull, 5000, &list, &result), ADUAN_DONE);
    const struct aduan_said *said = list[1].history;
    assert_int_equal (list[1].history_count, 2);
    assert_int_equal (list[1].history_omitted, 3);
    assert_int_equal (said[0].at, 1);
    assert_int_equal (said[0].act, ADUAN_ACT_HAND_BACK);
    assert_int_equal (said[0].kind, 0);
    assert_int_equal (said[0].agency, 7);
    assert_string_equal (said[0].agency_code, "91");
    assert_int_equal (said[0].reason, ADUAN_HAND_BACK_WRONG_REGION);
    assert_int_equal (said[0].suggested, 8);
    assert_string_equal (said[0].suggested_code, "92");
    assert_string_equal (said[0].text, "Bukan kami");
    assert_int_equal (said[1].act, 0);
    assert_int_equal (said[1].kind, ADUAN_KIND_REPLY);
    assert_string_equal (said[1].agency_code, "");
    assert_string_equal (said[1].suggested_code, "");
    assert_string_equal (said[1].text, "Di RT 5");
    aduan_assignments_free (&list, result.count);
    assert_int_equal (aduan_pull (world.aduan, &one_pull, 5000, &list, &result), ADUAN_DONE);
    assert_int_equal (list[0].history_count, 1);
    assert_string_equal (list[0].history->suggested_code, "92");
    assert_string_equal (list[0].history->text, "");
    aduan_assignments_free (&list, result.count);
    assert_int_equal (aduan_pull (world.aduan, &one_pull, 5000, &list, &result), ADUAN_DONE);
    assert_null (list[0].history);
    assert_int_equal (list[0].history_count, 0);
    aduan_assignments_free (&list, result.count);
    world_close (&world);
}

static void pulls_end_as_they_should (void **state)
{
    static const struct {
        const char *script;
        enum aduan_result result;
        uint32_t count, reason, heard;
    } cases[] = {
        {"s", ADUAN_REFUSED, 0, ADUAN_REASON_SCOPE, 1},
        {"bba", ADUAN_DONE, 2, 0, 3}, /* busy: asked again */
        {"o", ADUAN_DONE, 1, 0, 1},   /* only the end was lost: what came, came */
        {"-a", ADUAN_DONE, 2, 0, 2},  /* silence: asked again */
        {"-", ADUAN_UNKNOWN, 0, 0, 0},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct world world;
        struct aduan_assignment *list;
        struct aduan_pulled result;
        world_open (&world, cases[i].script, 64);
        int64_t most = cases[i].result == ADUAN_UNKNOWN ? 300 : 8000;
        assert_int_equal (aduan_pull (world.aduan, &one_pull, most, &list, &result),
                          cases[i].result);
        assert_int_equal (result.count, cases[i].count);
        assert_int_equal (result.reason, cases[i].reason);
        if (cases[i].heard)
            assert_int_equal (world.peer.heard, cases[i].heard);
        aduan_assignments_free (&list, result.count);
        world_close (&world);
    }
}

/* What comes when nobody waits for it any more does not lie about leased. */
static void late_assignments_are_given_back (void **state)
{
    struct world world;
    struct heard outcome = {0};
    (void) state;
    world_open (&world, "-a", 64);
    aduan_pull_start (world.aduan, &one_pull, 40, on_assigned_outcome, on_pulled_outcome, &outcome);
    until (&world, outcome.calls == 1);
    assert_int_equal (outcome.pulled.result, ADUAN_UNKNOWN);
    say_assigned (world.peer.from, world.peer.pull_ref, 0);
    until (&world, world.peer.releases == 1 && aduan_pending (world.aduan) == 0);
    assert_int_equal (outcome.assigned, 0);
    assert_int_equal (world.peer.act_id.at[0], 9);
    world_close (&world);
}

static void acts_repeat_their_key (void **state)
{
    struct world world;
    struct aduan_act act = {.id = {9},
                            .agency = 7,
                            .version = 42,
                            .key = {5},
                            .act = ADUAN_ACT_ANSWER,
                            .text = "Sudah diperbaiki."};
    struct aduan_acted result;
    (void) state;
    world_open (&world, "--as", 64);
    assert_int_equal (aduan_act (world.aduan, &act, 8000, &result), ADUAN_DONE);
    assert_int_equal (world.peer.heard, 3);
    assert_int_equal (world.peer.act_key.at[0], 5);
    assert_int_equal (result.version, 43);
    assert_int_equal (aduan_act (world.aduan, &act, 8000, &result), ADUAN_STALE);
    assert_int_equal (result.reason, ADUAN_REASON_VERSION);
    world_close (&world);
}

static void extending_moves_the_lease (void **state)
{
    struct world world;
    struct aduan_act act = {
        .id = {9}, .agency = 7, .version = 42, .act = ADUAN_ACT_EXTEND, .delay_ms = 100000};
    struct aduan_acted result;
    (void) state;
    world_open (&world, "a", 64);
    int64_t before = boot_ms ();
    assert_int_equal (aduan_act (world.aduan, &act, 8000, &result), ADUAN_DONE);
    assert_in_range (result.stop_at, before + 80000, boot_ms () + 80000);
    assert_false (id_zero (&world.peer.act_key)); /* one was drawn */
    world_close (&world);
}

static void faulty_acts_stay_here (void **state)
{
    static char long_text[16386];
    memset (long_text, 'a', sizeof long_text - 1);
    static const struct {
        struct aduan_act act;
        const char *field;
    } cases[] = {
        {{.id = {1}, .act = ADUAN_ACT_ANSWER}, "text"},
        {{.id = {1}, .act = ADUAN_ACT_ANSWER, .text = long_text}, "text"},
        {{.id = {1}, .act = ADUAN_ACT_HAND_BACK, .text = "x"}, "reason"},
        {{.id = {1}, .act = ADUAN_ACT_NACK, .delay_ms = ADUAN_DELAY_LEAST_MS - 1}, "delay"},
        {{.id = {1}, .act = ADUAN_ACT_NACK, .delay_ms = ADUAN_NACK_MOST_MS + 1}, "delay"},
        {{.id = {1}, .act = ADUAN_ACT_EXTEND, .delay_ms = ADUAN_EXTEND_MOST_MS + 1}, "delay"},
        {{.id = {1}, .act = 77}, "act"},
        {{.id = {1}}, "act"},
    };
    struct world world;
    (void) state;
    world_open (&world, "a", 64);
    for (size_t i = 0; i < array_len (cases); i++) {
        struct aduan_acted result;
        assert_int_equal (aduan_act (world.aduan, &cases[i].act, 1000, &result), ADUAN_REFUSED);
        assert_string_equal (result.field, cases[i].field);
    }
    assert_int_equal (world.peer.heard, 0);
    world_close (&world);
}

/* ---- ask, open ------------------------------------------------------------------------------- */

static void questions_are_answered (void **state)
{
    struct world world;
    char *text;
    (void) state;
    world_open (&world, "-aa", 64);
    assert_int_equal (aduan_ask (world.aduan, "track", "[\"x\"]", 5000, &text), ADUAN_DONE);
    assert_string_equal (text, "[\"x\"]");
    free (text);
    assert_int_equal (aduan_ask (world.aduan, "metrics", NULL, 5000, &text), ADUAN_DONE);
    assert_string_equal (text, "metrics");
    free (text);
    world_close (&world);
}

#define TEN "0123456789"
#define LONG_PATH                                                                                  \
    "ipc:///" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "/234567" /* 108 bytes of path */

static void wrong_options_are_named (void **state)
{
    static const struct {
        struct aduan_options options;
        const char *wanted;
    } cases[] = {
        {{.intake = "localhost:1"}, "not an endpoint"},
        {{.intake = "tcp://127.0.0.1"},
         "\"tcp://127.0.0.1\" is not an endpoint as tcp://HOST:PORT"},
        {{.intake = "tcp://:1"}, "not an endpoint"},
        {{.intake = "tcp://*:1"}, "not an endpoint"},
        {{.intake = "tcp://127.0.0.1:"}, "not an endpoint"},
        {{.intake = "tcp://127.0.0.1:abc"}, "not an endpoint"},
        {{.intake = "tcp://127.0.0.1:0"}, "not an endpoint"},
        {{.intake = "tcp://127.0.0.1:65536"}, "not an endpoint"},
        {{.intake = "tcp://127.0.0.1:4294967297"}, "not an endpoint"},
        {{.intake = "tcp://127.0.0.1:+1"}, "not an endpoint"},
        {{.intake = "tcp://127.0.0.256:1"}, "not an endpoint"},
        {{.intake = "tcp://1.2.3:1"}, "not an endpoint"},
        {{.intake = "tcp://a b:1"}, "not an endpoint"},
        {{.intake = "tcp://127.0.0.1:1\n"}, "127.0.0.1:1\\x0a\" is not an endpoint"},
        {{.intake = "tcp://lo;127.0.0.1:1"}, "not an endpoint"},
        {{.intake = "tcp://[::1:1"}, "not an endpoint"},
        {{.intake = "tcp://::1:1"}, "not an endpoint"},
        {{.router = "tcp://[::g]:1"}, "router: \"tcp://[::g]:1\" is not"},
        {{.intake = "inproc://x"}, "not an endpoint"},
        {{.query = "ipc://"}, "not an endpoint"},
        {{.query = "ipc://@"}, "not an endpoint"},
        {{.query = LONG_PATH}, "not an endpoint as tcp://HOST:PORT or ipc://PATH"},
        {{.intake = "tcp://localhost:65535"}, "must be pinned"},
        {{.intake = "tcp://[fe80::1%eth0]:8313"}, "must be pinned"},
        {{.intake = "tcp://pintu-1.aduan.example:1"}, "must be pinned"},
        {{.intake = "tcp://127.0.0.1:1"}, "must be pinned"},
        {{.intake = "tcp://127.0.0.1:1", .intake_key = "short"}, "neither 40 characters"},
        {{.intake = "tcp://127.0.0.1:1", .intake_key = "0000000000000000000000000000000000000000"},
         "needs an own key"},
        {{.name = "0123456789012345678901234567890123456789012345678901234567890123456789"},
         "longer than 64"},
    };
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct aduan *aduan = NULL;
        assert_int_equal (aduan_open (&cases[i].options, &aduan), -1);
        assert_null (aduan);
        assert_non_null (strstr (aduan_problem (), cases[i].wanted));
    }
}

static void tokens_derive_the_same (void **state)
{
    struct aduan_token token, again;
    (void) state;
    aduan_token_new (&token);
    memcpy (again.token, token.token, sizeof again.token);
    aduan_token_derive (&again);
    assert_string_equal (token.key, again.key);
    assert_string_equal (token.code, again.code);
    assert_int_equal (strlen (token.key), 32);
    assert_int_equal (strlen (token.code), 26);
}

/* ---- how fast -------------------------------------------------------------------------------- */

struct runner {
    struct aduan *aduan;
    unsigned left, done;
    bool acts;
};

static void run_on (struct runner *runner);

static void at_submitted (void *with, const struct aduan_submitted *result)
{
    struct runner *runner = with;
    assert_int_equal (result->result, ADUAN_ACCEPTED);
    runner->done++;
    run_on (runner);
}

static void at_acted (void *with, const struct aduan_acted *result)
{
    struct runner *runner = with;
    assert_int_equal (result->result, ADUAN_DONE);
    runner->done++;
    run_on (runner);
}

static void run_on (struct runner *runner)
{
    static char body[1024];
    struct aduan_act act = {
        .id = {1}, .agency = 7, .version = 1, .act = ADUAN_ACT_ANSWER, .text = "Sudah diperbaiki."};
    struct aduan_submission submission = sample;
    if (runner->left == 0)
        return;
    runner->left--;
    memset (body, 'a', sizeof body);
    submission.text = body;
    submission.text_len = sizeof body;
    if (runner->acts)
        aduan_act_start (runner->aduan, &act, 0, at_acted, runner);
    else
        aduan_submit_start (runner->aduan, &submission, 0, at_submitted, runner);
}

/* Sixty-four handles on one loop, with the peer in the same thread. */
static void many_handles_share_a_loop (void **state)
{
    enum { HANDLES = 64, FLIGHT = 16 };
    bool measure = getenv ("ADUAN_MEASURE") != NULL;
    unsigned each = measure ? 4000 : 60;
    (void) state;
    for (int acts = 0; acts < 2; acts++) {
        struct world world;
        struct runner runners[HANDLES];
        unsigned done = 0;
        world_open (&world, "a", 64);
        for (unsigned i = 0; i < HANDLES; i++) {
            struct aduan_options options = {
                .loop = world.loop, .intake = endpoint, .router = endpoint};
            runners[i] = (struct runner){.left = each, .acts = acts};
            assert_int_equal (aduan_open (&options, &runners[i].aduan), 0);
        }
        struct timespec cpu[2];
        int64_t began = mono_ns ();
        clock_gettime (CLOCK_THREAD_CPUTIME_ID, &cpu[0]);
        for (unsigned i = 0; i < HANDLES; i++)
            for (unsigned f = 0; f < FLIGHT; f++)
                run_on (&runners[i]);
        int64_t deadline = mono_ms () + 60000;
        while (done < HANDLES * each && mono_ms () < deadline) {
            aduan_loop_turn (world.loop, 20);
            done = 0;
            for (unsigned i = 0; i < HANDLES; i++)
                done += runners[i].done;
        }
        assert_int_equal (done, HANDLES * each);
        clock_gettime (CLOCK_THREAD_CPUTIME_ID, &cpu[1]);
        if (measure)
            printf ("%s: %.0f a second, both sides in one thread; %.1f us of its CPU each\n",
                    acts ? "acts" : "submissions of 1 KiB",
                    done * 1e9 / (double) (mono_ns () - began),
                    ((double) (cpu[1].tv_sec - cpu[0].tv_sec) * 1e6 +
                     (double) (cpu[1].tv_nsec - cpu[0].tv_nsec) / 1e3) /
                        done);
        for (unsigned i = 0; i < HANDLES; i++)
            aduan_close (&runners[i].aduan);
        world_close (&world);
    }
}

int main (void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test (accepted_carries_everything),
        cmocka_unit_test (repeats_are_the_same),
        cmocka_unit_test (refusals_are_final),
        cmocka_unit_test (refused_after_silence_is_unknown),
        cmocka_unit_test (out_of_time_is_unknown_or_unsent),
        cmocka_unit_test (a_key_that_is_not_known_is_told),
        cmocka_unit_test (a_hung_up_handshake_is_told_and_waits),
        cmocka_unit_test (a_door_without_a_table_bars_nobody),
        cmocka_unit_test (faults_of_our_own_are_rejected_like_intakes),
        cmocka_unit_test (a_new_peer_hears_them_again),
        cmocka_unit_test (a_lost_link_repeats_by_itself),
        cmocka_unit_test (credit_is_kept_to),
        cmocka_unit_test (closing_ends_everything_once),
        cmocka_unit_test (identity_is_sealed),
        cmocka_unit_test (without_a_sealing_key_nothing_leaves),
        cmocka_unit_test (pulled_with_leases),
        cmocka_unit_test (pulled_with_history),
        cmocka_unit_test (pulls_end_as_they_should),
        cmocka_unit_test (late_assignments_are_given_back),
        cmocka_unit_test (acts_repeat_their_key),
        cmocka_unit_test (extending_moves_the_lease),
        cmocka_unit_test (faulty_acts_stay_here),
        cmocka_unit_test (questions_are_answered),
        cmocka_unit_test (wrong_options_are_named),
        cmocka_unit_test (tokens_derive_the_same),
        cmocka_unit_test (many_handles_share_a_loop),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

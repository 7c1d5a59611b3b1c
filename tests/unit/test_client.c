/* test_client.c - libaduan against a peer that answers, is silent, refuses, or goes.
 * With ADUAN_MEASURE=1 the last test prints how many operations a second one process manages.
 */
#include "client_peer.h"
#include "domain/number.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

/* However long the pause between two repeats has become. */
static void a_deadline_is_rung_for_between_repeats (void **state)
{
    struct world world;
    struct heard heard = {0};
    (void) state;
    world_open (&world, "-", 64);
    int64_t deadline = mono_ms () + 1000;
    aduan_submit_start (world.aduan, &sample, 1000, on_outcome, &heard);
    while (heard.calls == 0) {
        aduan_loop_turn (world.loop, 20);
        assert_true (heard.calls || (world.loop->rings_at &&
                                     world.loop->rings_at <= deadline + SCAN_LEAST_MS + 100));
    }
    assert_int_equal (heard.submitted.result, ADUAN_UNKNOWN);
    assert_true (world.peer.heard > 1);
    world_close (&world);
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
struct socket_world {
    struct world world;
    char folder[32];
    char *socket;
};

static void socket_listen (struct socket_world *over, const char *script)
{
    over->world.peer.script = script;
    assert_int_equal (link_listen (client_reactor (over->world.loop), over->socket, NULL,
                                   &peer_hooks, &over->world.peer, 64, 64,
                                   &over->world.peer.listener),
                      0);
}

static void socket_open (struct socket_world *over, const char *script, uint32_t away_ms)
{
    *over = (struct socket_world){.folder = "/tmp/aduan-client-XXXXXX"};
    assert_non_null (mkdtemp (over->folder));
    over->socket = xformat ("ipc://%s/intake.sock", over->folder);
    over->world.loop = aduan_loop_new ();
    over->world.peer.loop = over->world.loop;
    socket_listen (over, script);
    struct aduan_options options = {.loop = over->world.loop,
                                    .intake = over->socket,
                                    .query = over->socket,
                                    .repeat_ms = 60000,
                                    .away_ms = away_ms};
    assert_int_equal (aduan_open (&options, &over->world.aduan), 0);
}

static void socket_close (struct socket_world *over)
{
    world_close (&over->world);
    char *remove = xformat ("rm -rf %s", over->folder);
    assert_int_equal (system (remove), 0);
    free (remove);
    free (over->socket);
}

static void a_lost_link_repeats_by_itself (void **state)
{
    struct socket_world over;
    struct world *world = &over.world;
    struct heard outcomes[20] = {0};
    (void) state;
    socket_open (&over, "-", 0);
    for (unsigned i = 0; i < array_len (outcomes); i++)
        aduan_submit_start (world->aduan, &sample, 0, on_outcome, &outcomes[i]);
    until (world, world->peer.heard == array_len (outcomes));
    listener_destroy (&world->peer.listener);
    aduan_loop_turn (world->loop, 0);
    socket_listen (&over, "a");
    until (world, aduan_pending (world->aduan) == 0);
    for (unsigned i = 0; i < array_len (outcomes); i++) {
        assert_int_equal (outcomes[i].calls, 1);
        assert_int_equal (outcomes[i].submitted.result, ADUAN_ACCEPTED);
        assert_int_equal (outcomes[i].submitted.tries, 2);
    }
    socket_close (&over);
}

static void on_answer (void *with, const struct aduan_answer *answer)
{
    enum aduan_result *result = with;
    *result = answer->result;
}

/* Without a deadline: a question and what was never said end soon, what may have been taken does not. */
static void who_is_away_is_not_waited_for (void **state)
{
    struct socket_world over;
    struct world *world = &over.world;
    struct heard taken = {0}, never = {0};
    enum aduan_result nothing_yet = (enum aduan_result) - 1, answer = nothing_yet;
    (void) state;
    socket_open (&over, "-", 100);
    aduan_submit_start (world->aduan, &sample, 0, on_outcome, &taken);
    aduan_ask_start (world->aduan, "track", "[]", 0, on_answer, &answer);
    until (world, world->peer.heard == 2);
    listener_destroy (&world->peer.listener);
    until (world,
           world->aduan->lines[LINE_INTAKE].down_at && world->aduan->lines[LINE_QUERY].down_at);
    aduan_submit_start (world->aduan, &sample, 0, on_outcome, &never);
    until (world, never.calls == 1 && answer != nothing_yet);
    assert_int_equal (never.submitted.result, ADUAN_UNSENT);
    assert_int_equal (answer, ADUAN_UNKNOWN);
    assert_int_equal (taken.calls, 0);
    socket_listen (&over, "a");
    until (world, taken.calls == 1);
    assert_int_equal (taken.submitted.result, ADUAN_ACCEPTED);
    socket_close (&over);
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
        cmocka_unit_test (a_deadline_is_rung_for_between_repeats),
        cmocka_unit_test (faults_of_our_own_are_rejected_like_intakes),
        cmocka_unit_test (a_new_peer_hears_them_again),
        cmocka_unit_test (a_lost_link_repeats_by_itself),
        cmocka_unit_test (who_is_away_is_not_waited_for),
        cmocka_unit_test (credit_is_kept_to),
        cmocka_unit_test (closing_ends_everything_once),
        cmocka_unit_test (questions_are_answered),
        cmocka_unit_test (wrong_options_are_named),
        cmocka_unit_test (tokens_derive_the_same),
        cmocka_unit_test (many_handles_share_a_loop),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

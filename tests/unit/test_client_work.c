/* test_client_work.c - libaduan for workers: PULL, leases, history, acts. */
#include "client_peer.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    assert_int_equal (list[1].attachments_len, ADUAN_DIGEST_BYTES);
    assert_int_equal (((const char *) list[1].attachments)[ADUAN_DIGEST_BYTES - 1], 'f');
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
    assert_null (list[1].attachments);
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
    assert_null (said[0].attachments);
    assert_int_equal (said[1].attachments_len, 2 * ADUAN_DIGEST_BYTES);
    assert_int_equal (((const char *) said[1].attachments)[ADUAN_DIGEST_BYTES], 'b');
    aduan_assignments_free (&list, result.count);
    assert_int_equal (aduan_pull (world.aduan, &one_pull, 5000, &list, &result), ADUAN_DONE);
    assert_int_equal (list[0].history_count, 1);
    assert_string_equal (list[0].history->suggested_code, "92");
    assert_string_equal (list[0].history->text, "");
    assert_null (list[0].history->attachments);
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

int main (void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test (pulled_with_leases),
        cmocka_unit_test (pulled_with_history),
        cmocka_unit_test (pulls_end_as_they_should),
        cmocka_unit_test (late_assignments_are_given_back),
        cmocka_unit_test (acts_repeat_their_key),
        cmocka_unit_test (extending_moves_the_lease),
        cmocka_unit_test (faulty_acts_stay_here),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

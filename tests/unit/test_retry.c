/* test_retry.c - what a gateway's behaviour means (retry_judge), and when it is left alone (breaker).
 * The tables are typed from RELIABILITY P16 and the head of retry.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "notifier.h"

static void test_judge (void **state)
{
    static const struct {
        const char *name;
        enum stage stage;
        unsigned reply;
        int error;
        enum told told;
        uint64_t code;
        bool gateway;
    } cases[] = {
        {"taken", STAGE_DOT, 250, 0, TOLD_SENT, 250, false},
        {"cannot connect", STAGE_OPEN, 0, 7, TOLD_FAILED, 10007, true},
        {"greeting 554", STAGE_OPEN, 554, 8, TOLD_FAILED, 554, true},
        {"wrong password", STAGE_OPEN, 535, 67, TOLD_FAILED, 535, true},
        {"sender refused for ever is our fault", STAGE_MAIL, 550, 55, TOLD_FAILED, 550, true},
        {"sender refused for now", STAGE_MAIL, 451, 55, TOLD_FAILED, 451, true},
        {"recipient unknown", STAGE_RCPT, 550, 55, TOLD_REFUSED, 550, false},
        {"recipient greylisted", STAGE_RCPT, 450, 55, TOLD_FAILED, 450, false},
        {"closing at the recipient", STAGE_RCPT, 421, 55, TOLD_FAILED, 421, true},
        {"broke at the recipient", STAGE_RCPT, 0, 56, TOLD_FAILED, 10056, true},
        {"no text wanted", STAGE_DATA, 554, 55, TOLD_REFUSED, 554, false},
        {"no text wanted now", STAGE_DATA, 451, 55, TOLD_FAILED, 451, false},
        {"broke within the text", STAGE_TEXT, 0, 55, TOLD_FAILED, 10055, true},
        {"text refused for ever", STAGE_DOT, 554, 8, TOLD_REFUSED, 554, false},
        {"text refused for now", STAGE_DOT, 452, 8, TOLD_FAILED, 452, false},
        {"closing instead of taking", STAGE_DOT, 421, 8, TOLD_FAILED, 421, true},
        {"broke after the text", STAGE_DOT, 0, 56, TOLD_UNKNOWN, 10056, true},
        {"silent after the text", STAGE_DOT, 0, 28, TOLD_UNKNOWN, 10028, true},
    };

    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct judgement got = retry_judge (cases[i].stage, cases[i].reply, cases[i].error);
        if (got.told != cases[i].told || got.code != cases[i].code ||
            got.gateway != cases[i].gateway)
            fail_msg ("%s: %s, code %d, gateway %d", cases[i].name, told_word (got.told),
                      (int) got.code, got.gateway);
    }
}

/* Whatever a gateway says at whatever stage: unknown only after the text, and never sent on error. */
static void test_judge_all (void **state)
{
    (void) state;
    for (int stage = STAGE_OPEN; stage <= STAGE_DOT; stage++)
        for (unsigned reply = 0; reply < 1000; reply++) {
            struct judgement got = retry_judge ((enum stage) stage, reply, 56);
            assert_true (got.told == TOLD_FAILED || got.told == TOLD_REFUSED ||
                         got.told == TOLD_UNKNOWN);
            assert_true (got.told != TOLD_UNKNOWN || stage == STAGE_DOT);
            assert_true (got.told != TOLD_REFUSED || (reply >= 500 && reply < 600));
            assert_true (got.code != 0); /* code 0 means: not tried */
        }
}

static const struct judgement fault = {TOLD_FAILED, 10007, true};
static const struct judgement good = {TOLD_SENT, 250, false};
static const struct judgement refusal = {TOLD_REFUSED, 550, false};

static void test_breaker (void **state)
{
    struct breaker breaker = {0};
    int64_t now = 1000;

    (void) state;
    for (int i = 1; i < BREAKER_FAULTS; i++) {
        assert_false (breaker_saw (&breaker, &fault, now));
        assert_int_equal (breaker_allows (&breaker, now, 16), 16);
    }
    assert_true (breaker_saw (&breaker, &fault, now));
    assert_int_equal (breaker_allows (&breaker, now, 16), 0);
    /* letters that were under way with the fifth change nothing */
    int64_t until = breaker.until;
    assert_false (breaker_saw (&breaker, &fault, now + 1));
    assert_int_equal (breaker.until, until);
    assert_in_range (until, now + BREAKER_FIRST_MS, now + BREAKER_FIRST_MS * 5 / 4);

    /* one probe, and no second one beside it */
    now = until;
    assert_int_equal (breaker_allows (&breaker, now, 16), 1);
    breaker_probes (&breaker);
    assert_int_equal (breaker_allows (&breaker, now, 16), 0);
    /* a probe that probed nothing may be repeated */
    breaker_idle (&breaker);
    assert_int_equal (breaker_allows (&breaker, now, 16), 1);
    breaker_probes (&breaker);
    assert_true (breaker_saw (&breaker, &fault, now));
    assert_in_range (breaker.until, now + 2 * BREAKER_FIRST_MS, now + 2 * BREAKER_FIRST_MS * 5 / 4);

    /* any word about a letter itself, also a refusal, shows that the gateway works */
    now = breaker.until;
    breaker_probes (&breaker);
    assert_false (breaker_saw (&breaker, &refusal, now));
    assert_int_equal (breaker_allows (&breaker, now, 16), 16);
    assert_false (breaker_open (&breaker));
}

static void test_breaker_grows (void **state)
{
    struct breaker breaker = {0};
    int64_t now = 1000;

    (void) state;
    for (int i = 0; i < BREAKER_FAULTS; i++)
        breaker_saw (&breaker, &fault, now);
    for (int i = 0; i < 40; i++) {
        now = breaker.until;
        breaker_probes (&breaker);
        assert_true (breaker_saw (&breaker, &fault, now));
        assert_true (breaker.until - now <= BREAKER_LONGEST_MS * 5 / 4);
    }
    assert_int_equal (breaker.pause, BREAKER_LONGEST_MS);
    breaker_saw (&breaker, &good, now);
    for (int i = 1; i < BREAKER_FAULTS; i++)
        breaker_saw (&breaker, &fault, now);
    breaker_saw (&breaker, &good, now); /* five in a row are needed, not five in all */
    assert_false (breaker_saw (&breaker, &fault, now));
    assert_int_equal (breaker_allows (&breaker, now, 3), 3);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_judge),
        cmocka_unit_test (test_judge_all),
        cmocka_unit_test (test_breaker),
        cmocka_unit_test (test_breaker_grows),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

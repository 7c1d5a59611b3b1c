/* test_digest.c - what is a repeat, and what says something else. */
#include "intake.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t id_key[ID_KEY_LEN] = {7};
static const struct msg_content words = {
    .title = {"Lampu padam", 11}, .text = {"Lampu jalan padam.", 18}, .contact = {"sealed", 6}};

static struct msg_submit a_report (void)
{
    return (struct msg_submit){.kind = KIND_COMPLAINT,
                               .class = CLASS_COMPLAINT,
                               .category = 3,
                               .place = view_of ("33.74"),
                               .location = view_of ("Jalan Kenari"),
                               .latitude = -70000000,
                               .longitude = 1100000000,
                               .incident = view_of ("2026-11-20"),
                               .target = view_of ("33.74/PUPR"),
                               .anonymous = FLAG_NO,
                               .secret = FLAG_NO};
}

static bool is_same (const struct msg_submit *submit, const struct msg_content *content)
{
    struct msg_submit first = a_report ();
    uint8_t one[NUMBER_DIGEST_LEN], two[NUMBER_DIGEST_LEN];

    digest_make (id_key, &first, &words, one);
    digest_make (id_key, submit, content, two);
    bool same =
        digest_same (one, digest_manner (&first, &words), two, digest_manner (submit, content));
    assert_int_equal (same, digest_same (two, digest_manner (submit, content), one,
                                         digest_manner (&first, &words)));
    return same;
}

static void all_that_was_said_counts (void **state)
{
    (void) state;
#define OTHER(field, value)                                                                        \
    do {                                                                                           \
        struct msg_submit other = a_report ();                                                     \
        other.field = value;                                                                       \
        assert_false (is_same (&other, &words));                                                   \
    } while (0)
    OTHER (secret, FLAG_YES);
    OTHER (secret, 0); /* which is yes */
    OTHER (anonymous, FLAG_YES);
    OTHER (location, view_of ("Jalan Kenari 2"));
    OTHER (place, view_of (""));
    OTHER (latitude, -70000001);
    OTHER (longitude, 0);
    OTHER (incident, view_of ("2026-11-21"));
    OTHER (category, 0);
    OTHER (class, CLASS_ASPIRATION);
    OTHER (target, view_of (""));
    OTHER (external, view_of ("KOTA-7"));
    OTHER (kind, KIND_REPLY);
#undef OTHER
    static const struct view parts[] = {{"x", 1}, {"", 0}};
    for (size_t i = 0; i < array_len (parts); i++) {
        struct msg_submit same = a_report ();
        struct msg_content text = words, title = words, contact = words, seal = words, file = words;
        text.text = view_of ("Lampu jalan padam!");
        title.title = parts[i];
        contact.contact = (struct view){0};
        seal.seal = view_of ("sealed");
        file.attachments = view_of ("12345678901234567890123456789012");
        assert_false (is_same (&same, &text));
        assert_false (is_same (&same, &title));
        assert_false (is_same (&same, &contact));
        assert_false (is_same (&same, &seal));
        assert_false (is_same (&same, &file));
    }
}

static void what_differs_at_each_try_does_not_count (void **state)
{
    struct msg_submit again = a_report ();
    struct msg_content sealed = words;
    (void) state;
    sealed.contact = view_of ("sealed again");
    again.code_hash = view_of ("12345678901234567890123456789012");
    again.language = LANGUAGE_EN;
    again.doubt = DOUBT_HASTE;
    again.ref = 9;
    assert_true (is_same (&again, &sealed));
}

static void said_stands_for_what_is_sealed_and_looked_up (void **state)
{
    struct msg_submit first = a_report (), later = a_report ();
    uint8_t one[NUMBER_DIGEST_LEN], two[NUMBER_DIGEST_LEN];
    (void) state;
    first.said = later.said = view_of ("1234567890123456");
    later.location = view_of ("Jalan Kenari, Semarang");
    later.target = view_of ("");
    digest_make (id_key, &first, &words, one);
    digest_make (id_key, &later, &words, two);
    assert_true (digest_same (one, 0, two, 0));
    later.secret = FLAG_YES;
    digest_make (id_key, &later, &words, two);
    assert_false (digest_same (one, 0, two, 0));
    later.secret = FLAG_NO;
    later.said = view_of ("6543210987654321");
    digest_make (id_key, &later, &words, two);
    assert_false (digest_same (one, 0, two, 0));
}

/* A record of an earlier version has a hash of body and target alone. */
static void right_across_an_upgrade (void **state)
{
    struct msg_submit first = a_report (), later = a_report ();
    unsigned manner = digest_manner (&first, &words);
    uint8_t one[NUMBER_DIGEST_LEN], two[NUMBER_DIGEST_LEN];
    (void) state;
    number_digest (id_key, words.text, first.target, one);
    assert_true (digest_same (one, manner, one, manner));
    digest_make (id_key, &later, &words, two);
    assert_true (digest_same (one, manner, two, digest_manner (&later, &words)));
    later.said = view_of ("1234567890123456");
    digest_make (id_key, &later, &words, two);
    assert_true (digest_same (one, manner, two, digest_manner (&later, &words)));
    later.secret = FLAG_YES; /* no receipt for what is not stored */
    digest_make (id_key, &later, &words, two);
    assert_false (digest_same (one, manner, two, digest_manner (&later, &words)));
    number_digest (id_key, view_of ("Jalan rusak."), first.target, two);
    assert_false (digest_same (one, manner, two, manner));
}

int main (void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test (all_that_was_said_counts),
        cmocka_unit_test (what_differs_at_each_try_does_not_count),
        cmocka_unit_test (said_stands_for_what_is_sealed_and_looked_up),
        cmocka_unit_test (right_across_an_upgrade),
    };
    if (sodium_init () < 0)
        return EXIT_FAILURE;
    return cmocka_run_group_tests (tests, NULL, NULL);
}

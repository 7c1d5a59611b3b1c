/* test_short.c - short texts, what they cost, when they may go, and the tokens that come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "domain/token.h"
#include "night.h"
#include "short.h"
#include "spending.h"
#include "words.h"

static void test_segments (void **state)
{
    static const struct {
        const char *unit;
        unsigned times, segments;
        bool ucs2;
    } cases[] = {{"x", 160, 1, false},
                 {"x", 161, 2, false},
                 {"x", 306, 2, false},
                 {"x", 307, 3, false},
                 {"€", 80, 1, false},
                 {"€", 81, 2, false},
                 {"[", 80, 1, false},
                 {"é", 160, 1, false},
                 {"`", 1, 1, true},
                 {"Ж", 70, 1, true},
                 {"Ж", 71, 2, true},
                 {"Ж", 135, 3, true},
                 {"\xf0\x9f\x9a\xa7", 35, 1, true},
                 {"\xf0\x9f\x9a\xa7", 36, 2, true},
                 {"", 0, 1, false}};
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct buffer text = {0};
        bool ucs2;
        for (unsigned n = 0; n < cases[i].times; n++)
            buffer_add (&text, cases[i].unit, strlen (cases[i].unit));
        assert_int_equal (short_segments ((struct view){text.at, text.len}, &ucs2),
                          cases[i].segments);
        assert_int_equal (ucs2, cases[i].ucs2);
        buffer_free (&text);
    }
}

static void test_phone (void **state)
{
    static const struct {
        const char *address, *wanted;
    } cases[] = {{"0812-3456 789", "628123456789"},
                 {"+62 812 3456", "628123456"},
                 {"62812345", "62812345"},
                 {"+0812345", "0812345"},
                 {"0812", NULL},
                 {"", NULL},
                 {"08123x456", NULL},
                 {"012345678901234567890123456789", NULL}};
    char to[24];
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        int fail = short_phone (view_of (cases[i].address), "62", to);
        assert_int_equal (fail, cases[i].wanted ? 0 : FAIL_REFUSED);
        if (cases[i].wanted)
            assert_string_equal (to, cases[i].wanted);
    }
}

/* Every event that the store tells of has a short text in both languages, in the GSM alphabet, in one segment with a plain
 * agency's name. */
static void test_texts (void **state)
{
    static const char *const events[] = {
        "received",    "moved",     "progress", "answered", "asked",    "closed",
        "refused",     "merged",    "joined",   "parted",   "archived", "reopened",
        "unsatisfied", "split",     "blocked",  "late",     "offered",  "silence",
        "reminded",    "timed_out", "expired",  "news"};
    (void) state;
    for (size_t i = 0; i < array_len (events); i++)
        for (uint32_t language = 1; language < LANGUAGE_LAST; language++) {
            struct msg_notice notice = {.template = view_of (events[i]),
                                        .number = view_of ("A0123456789ABC"),
                                        .agency = view_of ("Dinas Sosial Kota Solo"),
                                        .text = view_of ("http://bad.example"),
                                        .other = view_of ("A0123456789ABC"),
                                        .due = 1795525200000};
            struct contact contact = {.language = language};
            struct buffer out = {0};
            bool ucs2;
            assert_int_equal (short_text (&notice, &contact, "", 1, &out), 0);
            struct view text = {out.at, out.len};
            assert_int_equal (short_segments (text, &ucs2), 1);
            assert_false (ucs2);
            assert_non_null (memmem (out.at, out.len, "A0123456789ABC", 14));
            bool words = strcmp (events[i], "answered") == 0 || strcmp (events[i], "asked") == 0;
            assert_true ((memmem (out.at, out.len, "bad.example", 11) != NULL) == words);
            assert_null (memchr (out.at, '\n', out.len));
            buffer_free (&out);
            notice.agency = notice.text = notice.other = (struct view){NULL, 0};
            assert_int_equal (short_text (&notice, &contact, "https://t.example/", 2, &out), 0);
            assert_non_null (memmem (out.at, out.len, "A0123456789ABC", 14));
            buffer_free (&out);
        }
    struct msg_notice secret = {.template = view_of ("received"),
                                .number = view_of ("A0123456789ABC")};
    struct contact by_whatsapp = {.kind = view_of ("whatsapp"), .language = LANGUAGE_ID};
    struct buffer receipt = {0};
    assert_int_equal (short_text (&secret, &by_whatsapp, "", 0, &receipt), 0);
    assert_non_null (memmem (receipt.at, receipt.len, "LACAK A0123456789ABC", 20));
    buffer_free (&receipt);
    struct msg_notice unknown = {.template = view_of ("of_the_future")};
    struct contact contact = {0};
    struct buffer out = {0};
    assert_int_equal (short_text (&unknown, &contact, "", 1, &out), FAIL_ABSENT);
}

/* What an agency said is cut to the segments that there are, between characters; other values stay whole. */
static void test_words_are_cut (void **state)
{
    (void) state;
    struct buffer words = {0};
    for (unsigned i = 0; i < 400; i++)
        buffer_format (&words, "%s", i % 40 == 39 ? "Dé " : "kata ");
    for (unsigned segments = 1; segments < 5; segments++)
        for (unsigned start = 0; start < 9; start++) {
            struct msg_notice notice = {.template = view_of ("answered"),
                                        .number = view_of ("A0123456789ABC"),
                                        .agency = view_of ("Dinas Sosial Kota Solo"),
                                        .text = {words.at + start, words.len - start}};
            struct contact contact = {0};
            struct buffer out = {0};
            bool ucs2;
            assert_int_equal (short_text (&notice, &contact, "https://t.example/", segments, &out),
                              0);
            assert_true (short_segments ((struct view){out.at, out.len}, &ucs2) <= segments);
            assert_true (utf8_valid (out.at, out.len));
            assert_non_null (memmem (out.at, out.len, "... https://t.example/A0123456789ABC", 36));
            assert_true (out.len > segments * 153 - 20);
            buffer_free (&out);
        }
    buffer_free (&words);
}

/* Who reported by a gateway is told how to ask for his number's code, in one segment, and never the code. */
static void test_receipt (void **state)
{
    static const char *const kinds[] = {"sms", "whatsapp"};
    (void) state;
    for (size_t i = 0; i < array_len (kinds); i++)
        for (uint32_t language = 1; language < LANGUAGE_LAST; language++) {
            struct msg_notice notice = {.template = view_of ("received"),
                                        .number = view_of ("A0123456789ABC"),
                                        .agency = view_of ("Dinas Sosial Kota Solo")};
            struct contact contact = {.kind = view_of (kinds[i]),
                                      .language = language,
                                      .code = view_of ("0123456789ABCDEFGHJKMNPQRS")};
            struct buffer out = {0};
            bool ucs2;
            assert_int_equal (short_text (&notice, &contact, "", 1, &out), 0);
            assert_int_equal (short_segments ((struct view){out.at, out.len}, &ucs2), 1);
            assert_non_null (memmem (out.at, out.len, "LACAK A0123456789ABC", 20));
            assert_non_null (memmem (out.at, out.len, "KODE A0123456789ABC", 19));
            assert_null (memmem (out.at, out.len, "0123456789ABCDEFGHJ", 19));
            buffer_free (&out);
        }
}

/* What became of the files stands behind the receipt, whichever words that has, and in no other notice. */
static void test_files (void **state)
{
    static const char *const events[] = {"received", "answered"};
    (void) state;
    for (size_t i = 0; i < 2 * array_len (events); i++)
        for (uint32_t language = 1; language < LANGUAGE_LAST; language++) {
            struct msg_notice notice = {.template = view_of (events[i / 2]),
                                        .number = view_of ("A0123456789ABC"),
                                        .agency = view_of (i % 2 ? "Dinas Sosial" : "")};
            struct contact contact = {
                .kind = view_of ("whatsapp"), .language = language, .lost = 2, .cut = 120};
            const char *lost = language == LANGUAGE_EN ? " Files that could not be taken: 2. "
                                                       : " Lampiran yang tidak dapat diterima: 2. ",
                       *cut = language == LANGUAGE_EN ? " first 120 seconds " : " 120 detik ";
            struct buffer out = {0};
            assert_int_equal (short_text (&notice, &contact, "", 0, &out), 0);
            buffer_add (&out, "", 1);
            assert_int_equal (strstr (out.at, lost) && strstr (out.at, cut), i < 2);
            out.len = 0;
            contact.lost = contact.cut = 0;
            assert_int_equal (short_text (&notice, &contact, "", 0, &out), 0);
            assert_null (memmem (out.at, out.len, "Lampiran", 8));
            assert_null (memmem (out.at, out.len, "video", 5));
            buffer_free (&out);
        }
}

/* What is for others than the reporter: what there is none of is not said, and never more than two segments. */
static void test_others (void **state)
{
    static const struct {
        const char *event;
        uint64_t recipient;
        const char *number, *counts, *wanted;
    } cases[] = {
        {"digest", 1, "", "{\"new\": 3, \"late\": 12}",
         "Aduan hari ini: baru 3; lewat waktu 12; https://desk.example/"},
        {"digest", 1, "",
         "{\"new\": 0, \"unanswered\": -1, \"today\": \"x\", \"doubt\": 2147483647}",
         "Aduan hari ini: diragukan 2147483647; https://desk.example/"},
        {"digest", 1, "", "no JSON", "Aduan hari ini: https://desk.example/"},
        {"assigned", 1, "A0123456789ABC", "",
         "Laporan mendesak baru di Dinas Sosial. Nomor A0123456789ABC. "
         "https://desk.example/cases/A0123456789ABC"},
        {"breached", 1, "", "", "Laporan di Dinas Sosial lewat batas waktu. https://desk.example/"},
        {"supported_closed", 2, "A0123456789ABC", "",
         "Laporan A0123456789ABC, yang juga Anda alami, ditutup. https://t.example/A0123456789ABC"},
    };
    static const struct letterhead head = {.tracking = "https://t.example/",
                                           .desk = "https://desk.example/"};
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct msg_notice notice = {.template = view_of (cases[i].event),
                                    .recipient = cases[i].recipient,
                                    .number = view_of (cases[i].number),
                                    .agency = view_of ("Dinas Sosial"),
                                    .counts = view_of (cases[i].counts)};
        struct contact contact = {0};
        struct buffer out = {0};
        bool ucs2;
        assert_int_equal (short_text (&notice, &contact, reader_base (&head, &notice), 2, &out), 0);
        assert_int_equal (out.len, strlen (cases[i].wanted));
        assert_memory_equal (out.at, cases[i].wanted, out.len);
        assert_true (short_segments ((struct view){out.at, out.len}, &ucs2) <= 2 && !ucs2);
        buffer_free (&out);
    }
    struct msg_notice crossed = {.template = view_of ("closed"), .recipient = 1};
    struct contact contact = {0};
    struct buffer out = {0};
    assert_int_equal (short_text (&crossed, &contact, "", 1, &out), FAIL_ABSENT);
}

static void test_night (void **state)
{
    static const int64_t noon = 1795525200000, hour = 3600000; /* 13:00 UTC, 20:00 in zone 7 */
    (void) state;
    assert_int_equal (night_end (noon, 7, 21, 7), 0);
    assert_int_equal (night_end (noon + hour, 7, 21, 7), noon + 11 * hour);
    assert_int_equal (night_end (noon, 8, 21, 7), noon + 10 * hour);
    assert_int_equal (night_end (noon + 10 * hour, 7, 21, 7), noon + 11 * hour); /* 6:00 */
    assert_int_equal (night_end (noon + 11 * hour, 7, 21, 7), 0);                /* 7:00 */
    assert_int_equal (night_end (noon, 7, 7, 7), 0);
    assert_int_equal (night_end (noon, 7, 13, 22), noon + 2 * hour);
    assert_int_equal (next_morning (noon, 7, 7), noon + 11 * hour);
}

static void no_turn (void *owner)
{
    (void) owner;
}

static void test_spending (void **state)
{
    struct reactor *reactor = reactor_new ();
    static const int64_t noon = 1795525200000, day = 86400000;
    struct spending *spending =
        spending_new (reactor, "", (struct spending_limits){3, 5}, no_turn, NULL);
    (void) state;
    assert_true (spending_known (spending, "1", noon)); /* nobody to ask */
    assert_int_equal (spending_take (spending, "1", 2, noon), 0);
    assert_int_equal (spending_take (spending, "1", 2, noon), WHY_RECIPIENT_LIMIT);
    assert_int_equal (spending_take (spending, "1", 1, noon), 0);
    assert_int_equal (spending_take (spending, "2", 3, noon), WHY_DAY_LIMIT);
    spending_settle (spending, "1", 2, true);
    spending_settle (spending, "1", 1, false);
    assert_int_equal (spending_take (spending, "2", 3, noon), 0);
    assert_int_equal (spending_take (spending, "3", 1, noon), WHY_DAY_LIMIT);
    assert_int_equal (spending_take (spending, "3", 1, noon + day), 0);
    assert_int_equal (spending_take (spending, "1", 3, noon + day), 0);
    spending_settle (spending, "2", 3, false); /* of yesterday */
    spending_free (&spending);
    reactor_destroy (&reactor);
}

static void test_tokens (void **state)
{
    static const uint8_t key[REPLY_KEY_LEN] = {1}, other[REPLY_KEY_LEN] = {2};
    struct notice_name name = {{{1, 2, 3, 255}}, 65535, 4294967295u}, read;
    char of_case[CASE_TOKEN_LEN + 1], of_notice[NOTICE_TOKEN_LEN + 1];
    struct id id;
    (void) state;
    token_of_case (key, &name.id, of_case);
    token_of_notice (key, &name, of_notice);
    assert_int_equal (strlen (of_case), CASE_TOKEN_LEN);
    assert_int_equal (strlen (of_notice), NOTICE_TOKEN_LEN);
    assert_int_equal (token_case (key, view_of (of_case), &id), 0);
    assert_memory_equal (id.at, name.id.at, 16);
    assert_int_equal (token_notice (key, view_of (of_notice), &read), 0);
    assert_memory_equal (read.id.at, name.id.at, 16);
    assert_true (read.event == name.event && read.recipient == name.recipient);
    assert_int_equal (token_case (other, view_of (of_case), &id), FAIL_MALFORMED);
    assert_int_equal (token_case (key, view_of (of_notice), &id), FAIL_MALFORMED);
    assert_int_equal (token_notice (key, view_of (of_case), &read), FAIL_MALFORMED);
    for (size_t i = 0; i < CASE_TOKEN_LEN; i++) {
        char was = of_case[i];
        of_case[i] = was == '0' ? '1' : '0';
        assert_int_equal (token_case (key, view_of (of_case), &id), FAIL_MALFORMED);
        of_case[i] = '@';
        assert_int_equal (token_case (key, view_of (of_case), &id), FAIL_MALFORMED);
        of_case[i] = (char) (was >= 'a' && was <= 'z' ? was - 'a' + 'A' : was);
    }
    assert_int_equal (token_case (key, view_of (of_case), &id), 0); /* as a mail system shouts it */
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_segments), cmocka_unit_test (test_phone),
        cmocka_unit_test (test_texts),    cmocka_unit_test (test_words_are_cut),
        cmocka_unit_test (test_receipt),  cmocka_unit_test (test_files),
        cmocka_unit_test (test_others),   cmocka_unit_test (test_night),
        cmocka_unit_test (test_spending), cmocka_unit_test (test_tokens),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

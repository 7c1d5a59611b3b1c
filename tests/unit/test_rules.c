/* test_rules.c - rules files read, checked and matched: every condition, effect, fault with its line,
 * warning; what rules say together is what each says alone; mutated files are refused with a line or
 * accepted.  MUTATIONS and SEED in the environment change the last test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "decide/rules.h"
#include "wire/wire.h"

static const char registry_text[] =
    "function\t1\tPUPR\tPekerjaan umum\nfunction\t2\tHUB\tPerhubungan\nfunction\t3\tLH\tLingkungan\n"
    "function\t4\tSOS\tSosial\nfunction\t5\tBOTH\tx\n"
    "agency\t1\tID\t-\troot\t-\t-\tdesk\tMeja\nagency\t2\tKEMENPU\t1\tagency\t-\t-\tcentral\tK\n"
    "agency\t3\tKEMENPU/PUPR\t2\tunit\t1\t-\tcentral\tK\nagency\t4\t33\t1\tagency\t-\t33\tdesk\tJ\n"
    "agency\t5\t33/PUPR\t4\tunit\t1\t33\t-\tD\nagency\t6\t33.74\t1\tagency\t-\t33.74\tdesk\tS\n"
    "agency\t7\t33.74/PUPR\t6\tunit\t1\t33.74\t-\tD\nagency\t8\t33.74/HUB\t6\tunit\t2\t33.74\t-\tD\n"
    "agency\t9\t33.22/PUPR\t1\tunit\t1\t33.22\t-\tD\nagency\t10\t33.74/LH\t6\tunit\t3\t33.74\t-\tD\n"
    "agency\t11\t33.74/SOS\t6\tunit\t4\t33.74\t-\tD\nagency\t12\tBOTH\t1\tagency\t-\t-\tcentral\tB\n"
    "region\t33\t1\tJawa Tengah\nregion\t33.22\t2\tKabupaten Semarang\nregion\t33.74\t2\tKota Semarang\n"
    "region\t33.74.01\t3\tTengah\nregion\t33.74.01.1001\t4\tSekayu\nregion\t51\t1\tBali\n"
    "region\t91\t1\tPapua\n"
    "category\t13\t-\t1\t-\t-\tPekerjaan umum\ncategory\t20\t-\t2\t-\t-\tPerhubungan\n"
    "category\t21\t20\t2\t-\t-\tLampu jalan\ncategory\t30\t-\t-\t-\t-\tLain\n"
    "category\t31\t-\t-\t-\t-\tlain\ncategory\t40\t-\t-\t-\tcomplaint_oversight\tPungli\n"
    "category\t41\t40\t-\t-\tcomplaint_oversight\tSuap\n"
    "category\t50\t-\t-\t-\tcomplaint_oversight\tDisiplin\ncategory\t51\t50\t-\t-\t-\tJam kerja\n";

static struct registry *registry;

static int set_up (void **state)
{
    (void) state;
    return registry_parse (1, registry_text, sizeof registry_text - 1, &registry);
}

static int tear_down (void **state)
{
    (void) state;
    registry_destroy (&registry);
    return 0;
}

/* ---- helpers ------------------------------------------------------------------------------- */

static struct rules *parsed (const char *file)
{
    struct rules *rules = NULL;
    struct sheet_fault *faults = NULL;
    size_t count = 0;
    int result = rules_parse (registry, file, strlen (file), &rules, &faults, &count);
    for (size_t i = 0; i < count && result != 0; i++)
        print_error ("%u: %s\n", faults[i].line, faults[i].text);
    assert_int_equal (result, 0);
    free (faults);
    return rules;
}

static const char *one_rule (const char *when, const char *then)
{
    static char file[8192];
    snprintf (file, sizeof file,
              "version: 1\nrules:\n  - name: r\n    when:\n      %s\n    then:\n      %s\n", when,
              then);
    return file;
}

struct said {
    const char *text, *place;
    uint32_t class, channel, category;
    int64_t received;
};

static struct rules_verdict match (const struct rules *rules, const struct said *said)
{
    struct text text = {0};
    struct rules_verdict verdict;
    struct view none = {"", 0};
    text_read (&text, none, view_of (said->text ? said->text : ""), none);
    struct rules_facts facts = {.text = &text,
                                .class = said->class,
                                .channel = said->channel,
                                .category = said->category,
                                .place = view_of (said->place ? said->place : ""),
                                .received = said->received};
    rules_match (rules, &facts, &verdict);
    text_free (&text);
    return verdict;
}

/* ---- conditions ---------------------------------------------------------------------------- */

/* 2026-03-01 00:00 in Jakarta is 2026-02-28 17:00 UTC. */
#define MARCH 1772298000000
#define HOUR  3600000

static void test_conditions (void **state)
{
    static const struct {
        const char *when;
        struct said said;
        bool holds;
    } cases[] = {
        {"class: complaint_plain", {.class = CLASS_PLAIN}, true},
        {"class: complaint_plain", {.class = CLASS_COMPLAINT}, false},
        {"class: complaint_plain", {0}, false},
        {"class: [aspiration, info_request]", {.class = CLASS_INFO_REQUEST}, true},
        {"class: [aspiration, info_request]", {.class = 99}, false},
        {"channel: [sms, walk-in]", {.channel = CHANNEL_WALK_IN}, true},
        {"channel: [sms, walk-in]", {.channel = CHANNEL_WEB}, false},
        {"channel: [sms, walk-in]", {0}, false},
        {"category: 13", {.category = 13}, true},
        {"category: 13", {.category = 20}, false},
        {"category: 13", {0}, false},
        {"category: [13, 20]", {.category = 21}, true},
        {"category: 21", {.category = 20}, false},
        {"category: perhubungan", {.category = 21}, true},
        {"category: 20", {.category = 4000000000}, false},
        {"place: 33", {.place = "33.74.01.1001"}, true},
        {"place: 33.74", {.place = "33.74"}, true},
        {"place: 33.74", {.place = "33"}, false},
        {"place: 33.74", {.place = "33.22"}, false},
        {"place: 33.74.01", {.place = "33.74.01.1001"}, true},
        {"place: [33.22, 51]", {.place = "51"}, true},
        {"place: 33", {0}, false},
        {"any: lampu jalan", {.text = "Lampu jalan mati"}, true},
        {"any: lampu jalan", {.text = "Jalan lampu mati"}, false},
        {"any: lampu jalan", {.text = "lampu, jalannya gelap"}, true},
        {"any: [pju, lampu jalan]", {.text = "PJU padam"}, true},
        {"any: [pju, lampu jalan]", {.text = "jalan rusak"}, false},
        {"any: jalan", {.text = "berjalan"}, true},
        {"any: \"=jalan\"", {.text = "berjalan"}, false},
        {"any: \"=jalan\"", {.text = "di JALAN itu"}, true},
        {"any: \"=lampu jalan\"", {.text = "lampu berjalan"}, true},
        {"all: [lampu, mati]", {.text = "mati semua lampu"}, true},
        {"all: [lampu, mati]", {.text = "mati semua"}, false},
        {"none: lampu", {.text = "jalan"}, true},
        {"none: lampu", {.text = "lampu"}, false},
        {"{any: [jalan, lampu], all: rusak, none: lampu merah}", {.text = "lampu rusak"}, true},
        {"{any: [jalan, lampu], all: rusak, none: lampu merah}",
         {.text = "lampu merah rusak"},
         false},
        {"from: 2026-03-01", {.received = MARCH}, true},
        {"from: 2026-03-01", {.received = MARCH - 1}, false},
        {"from: 2026-03-01", {0}, false},
        {"to: 2026-02-28", {.received = MARCH - 1}, true},
        {"to: 2026-02-28", {.received = MARCH}, false},
        {"to: 2026-02-28", {0}, false},
        {"{from: 2026-03-01, to: 2026-03-01}", {.received = MARCH + 24 * HOUR - 1}, true},
        {"{from: 2026-03-01, to: 2026-03-01}", {.received = MARCH + 24 * HOUR}, false},
        {"from: 2026-03-01", {.received = INT64_MAX}, false},
        {"hours: 18-06", {.received = MARCH}, true},
        {"hours: 18-06", {.received = MARCH + 6 * HOUR}, false},
        {"hours: 18-06", {.received = MARCH + 18 * HOUR - 1}, false},
        {"hours: 18-06", {.received = MARCH + 18 * HOUR}, true},
        {"hours: 18-06", {.received = MARCH + 17 * HOUR, .place = "51"}, true},
        {"hours: 18-06", {.received = MARCH + 16 * HOUR, .place = "51"}, false},
        {"hours: 18-06", {.received = MARCH + 16 * HOUR, .place = "91"}, true},
        {"hours: 18-06", {0}, false},
        {"hours: 08-24", {.received = MARCH + 24 * HOUR - 1}, true},
        {"hours: 08-24", {.received = MARCH}, false},
        {"{place: 33.74, category: 13}", {.place = "33.74", .category = 13}, true},
        {"{place: 33.74, category: 13}", {.place = "33.74"}, false},
        {"{class: complaint, channel: web}",
         {.class = CLASS_COMPLAINT, .channel = CHANNEL_WEB},
         true},
        {"{class: complaint, channel: web}", {.class = CLASS_COMPLAINT}, false},
    };

    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct rules *rules = parsed (one_rule (cases[i].when, "secret: true"));
        struct rules_verdict verdict = match (rules, &cases[i].said);
        if (verdict.secret != cases[i].holds)
            fail_msg ("case %zu: %s, \"%s\"", i, cases[i].when,
                      cases[i].said.text ? cases[i].said.text : "");
        assert_int_equal (verdict.matched_count, cases[i].holds);
        rules_free (&rules);
    }
}

/* ---- effects ------------------------------------------------------------------------------- */

static void test_owner (void **state)
{
    static const struct {
        const char *then, *place;
        uint32_t agency;
        uint16_t function, open;
    } cases[] = {
        {"function: PUPR", "33.74.01.1001", 7, 1, 0},
        {"function: PUPR", "33", 5, 1, 0},
        {"function: PUPR", "91", 3, 1, 0},
        {"function: PUPR", NULL, 0, 0, 1},   /* the nation's holder would be a guess */
        {"function: HUB", "33.22", 0, 0, 2}, /* nobody holds it there or above */
        {"agency: 33.22/PUPR", NULL, 9, 0, 0},
        {"agency: KEMENPU", "33.74", 2, 0, 0},
    };

    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct rules *rules = parsed (one_rule ("any: jalan", cases[i].then));
        struct rules_verdict verdict =
            match (rules, &(struct said){.text = "jalan", .place = cases[i].place});
        assert_int_equal (verdict.agency, cases[i].agency);
        assert_int_equal (verdict.function, cases[i].function);
        assert_int_equal (verdict.owner_rule, cases[i].agency ? 0 : -1);
        assert_int_equal (verdict.open_rule, cases[i].open ? 0 : -1);
        assert_int_equal (verdict.open_function, cases[i].open);
        rules_free (&rules);
    }
}

/* The first owner, and the sum of all else. */
static void test_together (void **state)
{
    struct rules *rules = parsed (
        "version: 1\n"
        "rules:\n"
        "  - {name: a, when: {any: lampu}, then: {function: HUB, copies: [PUPR, KEMENPU]}}\n"
        "  - {name: b, when: {any: jalan}, then: {agency: 33.22/PUPR, priority: normal}, note: x}\n"
        "  - {name: c, when: {any: jalan}, then: {agency: KEMENPU, priority: high, ask: photo}}\n"
        "  - {name: d, when: {any: gelap}, then: {secret: true, support: [33.74/PUPR, LH]}}\n"
        "  - {name: e, when: {all: [jalan, gelap]}, then: {ask: [location, contact]}}\n"
        "  - {name: f, when: {any: banjir}, then: {secret: true}}\n");
    (void) state;
    assert_int_equal (rules_count (rules), 6);
    assert_string_equal (rules_name (rules, 5), "f");
    assert_int_equal (rules_line (rules, 5), 8);

    struct rules_verdict verdict =
        match (rules, &(struct said){.text = "lampu jalan gelap", .place = "33.74.01"});
    assert_int_equal (verdict.owner_rule, 0);
    assert_int_equal (verdict.agency, 8);
    assert_int_equal (verdict.priority, PRIORITY_HIGH);
    assert_true (verdict.secret);
    assert_int_equal (verdict.asks, RULES_ASK_PHOTO | RULES_ASK_LOCATION | RULES_ASK_CONTACT);
    assert_int_equal (verdict.support[0], 7);
    assert_int_equal (verdict.support[1], 10);
    assert_int_equal (verdict.support[2], 0);
    assert_int_equal (verdict.copies[0], 2); /* 33.74/PUPR has work with it */
    assert_int_equal (verdict.copies[1], 0);
    assert_int_equal (verdict.matched_count, 5);
    for (uint16_t i = 0; i < 5; i++)
        assert_int_equal (verdict.matched[i], i);

    verdict = match (rules, &(struct said){.text = "lampu jalan"});
    assert_int_equal (verdict.open_rule, 0);
    assert_int_equal (verdict.open_function, 2);
    assert_int_equal (verdict.owner_rule, 1);
    assert_int_equal (verdict.agency, 9);
    assert_int_equal (verdict.copies[0], 2); /* PUPR is not known without a place */
    assert_false (verdict.secret);

    verdict = match (rules, &(struct said){0});
    assert_int_equal (verdict.owner_rule, -1);
    assert_int_equal (verdict.matched_count, 0);
    assert_int_equal (verdict.priority, 0);
    rules_free (&rules);
}

/* More copies than there is room for: the first ones. */
static void test_many (void **state)
{
    struct buffer file = {0};
    (void) state;
    buffer_format (&file, "version: 1\nrules:\n");
    for (int i = 1; i <= 12; i++)
        buffer_format (&file, "  - {name: r%d, when: {any: jalan}, then: {copies: [%s]}}\n", i,
                       registry_agency (registry, (uint32_t) i)->number == 12 ? "KEMENPU"
                       : i == 12                                              ? "ID"
                                 : registry_agency (registry, (uint32_t) i)->code);
    struct rules *rules = parsed (file.at);
    struct rules_verdict verdict = match (rules, &(struct said){.text = "jalan jalan jalan"});
    for (uint32_t i = 0; i < RULES_COPIES; i++)
        assert_int_equal (verdict.copies[i], i + 1);
    assert_int_equal (verdict.matched_count, 8);
    rules_free (&rules);
    buffer_free (&file);
}

/* A text in which phrases stand more often than there is room at first. */
static void test_repeated (void **state)
{
    struct buffer text = {0};
    struct rules *rules =
        parsed ("version: 1\nrules:\n"
                "  - {name: a, when: {any: pju}, then: {priority: high}}\n"
                "  - {name: b, when: {all: [pju, kali]}, then: {secret: true}}\n");
    (void) state;
    for (int i = 0; i < 4000; i++)
        buffer_format (&text, "pju ");
    buffer_format (&text, "kali");
    assert_true (match (rules, &(struct said){.text = text.at}).secret);
    rules_free (&rules);
    buffer_free (&text);
}

/* ---- faults -------------------------------------------------------------------------------- */

static void expect_fault (const char *file, size_t len, unsigned line, const char *part)
{
    struct rules *rules = NULL;
    struct sheet_fault *faults = NULL;
    size_t count = 0, found = 0;
    int result = rules_parse (registry, file, len, &rules, &faults, &count);
    for (size_t i = 0; i < count; i++) {
        found += !faults[i].warning && faults[i].line == line && strstr (faults[i].text, part);
        assert_true (faults[i].line > 0);
        assert_true (utf8_valid (faults[i].text, strlen (faults[i].text)));
        assert_null (strchr (faults[i].text, '{')); /* each of its names has a value */
    }
    if (result != FAIL_MALFORMED || rules || !found) {
        for (size_t i = 0; i < count; i++)
            print_error ("said: %u: %s\n", faults[i].line, faults[i].text);
        fail_msg ("wanted %u: %s\n%.*s", line, part, (int) (len < 300 ? len : 300), file);
    }
    free (faults);
}

/* A byte order mark and CR LF, as Windows saves a file; its lines are counted all the same. */
static void test_saved_by_windows (void **state)
{
    (void) state;
    struct rules *rules = parsed ("\xef\xbb\xbfversion: 1\r\nrules:\r\n  - name: r\r\n"
                                  "    when: {any: [lampu]}\r\n    then: {secret: true}\r\n");
    assert_true (match (rules, &(struct said){.text = "Lampu padam"}).secret);
    rules_free (&rules);
    static const char faulty[] = "\xef\xbb\xbfversion: 1\r\nrules:\r\n  - nama: r\r\n";
    expect_fault (faulty, sizeof faulty - 1, 3, "nama");
}

/* In the form of one_rule: a condition stands in line 5, an effect in line 7. */
static void test_faults_of_a_rule (void **state)
{
    static const struct {
        const char *when, *then;
        unsigned line;
        const char *part;
    } cases[] = {
        {"class: komplain", "secret: true", 5, "\"komplain\" is no class; there are complaint,"},
        {"class: [complaint, x]", "secret: true", 5, "when.class: \"x\" is no class"},
        {"class: []", "secret: true", 5, "the list is empty"},
        {"class:", "secret: true", 5, "nothing is said"},
        {"class: {a: b}", "secret: true", 5, "must be a word"},
        {"class: [[complaint]]", "secret: true", 5, "must be a word"},
        {"channel: fax", "secret: true", 5, "\"fax\" is no channel; there are web,"},
        {"category: 99", "secret: true", 5, "\"99\" is no category"},
        {"category: 99999999999999999999", "secret: true", 5, "is no category"},
        {"category: Jalan raya", "secret: true", 5, "\"Jalan raya\" is no category"},
        {"category: lain", "secret: true", 5, "the name of categories 30 and 31"},
        {"place: 33.99", "secret: true", 5, "\"33.99\" is no region"},
        {"place: Semarang", "secret: true", 5, "\"Semarang\" is no region"},
        {"place: 33.74.01.1001.1001", "secret: true", 5, "is no region"},
        {"any: \"...\"", "secret: true", 5, "\"...\" has no word"},
        {"any: \"=\"", "secret: true", 5, "has no word"},
        {"any: satu dua tiga empat lima enam tujuh delapan sembilan", "secret: true", 5,
         "8 words are the most"},
        {"any: \"a\\0b\"", "secret: true", 5, "holds a character"},
        {"from: 2026-02-29", "secret: true", 5, "\"2026-02-29\" is no day"},
        {"from: 2026-13-01", "secret: true", 5, "is no day"},
        {"from: 01-03-2026", "secret: true", 5, "is no day"},
        {"from: 1969-12-31", "secret: true", 5, "is no day"},
        {"from: [2026-03-01]", "secret: true", 5, "must be a word"},
        {"to: tomorrow", "secret: true", 5, "when.to: \"tomorrow\" is no day"},
        {"{from: 2026-03-02, to: 2026-03-01}", "secret: true", 5, "from is after to"},
        {"hours: 18-18", "secret: true", 5, "the whole day or nothing"},
        {"hours: 00-24", "secret: true", 5, "the whole day or nothing"},
        {"hours: 24-06", "secret: true", 5, "\"24-06\" are no hours"},
        {"hours: 18-25", "secret: true", 5, "\"18-25\" are no hours"},
        {"hours: 6-18", "secret: true", 5, "\"6-18\" are no hours"},
        {"kategori: 13", "secret: true", 5, "\"kategori\" is no key here: did you mean category?"},
        {"words: x", "secret: true", 5, "\"words\" is no key here; there are class, category"},
        {"{any: x, any: y}", "secret: true", 5, "\"any\" is said twice, first in line 5"},
        {"any: x\n      any: y", "secret: true", 6, "\"any\" is said twice, first in line 5"},
        {"{}", "secret: true", 5, "has no condition"},
        {"[any]", "secret: true", 5, "must be lines of \"key: value\""},
        {"? {a: b}\n      : x", "secret: true", 5, "a key must be a word"},
        {"any: x", "function: HUBB", 7,
         "\"HUBB\" is no function of the registry: did you mean HUB?"},
        {"any: x", "function: 33.74/PUPR", 7, "it is an agency: write agency: 33.74/PUPR"},
        {"any: x", "function: QQQQQQQQ", 7, "is no function of the registry"},
        {"any: x", "agency: HUB", 7, "but a function: write function: HUB"},
        {"any: x", "agency: 33.74/XXXX", 7, "\"33.74/XXXX\" is no agency of the registry"},
        {"any: x", "{agency: ID, function: HUB}", 7, "keep one owner"},
        {"any: x", "priority: urgent", 7, "\"urgent\" is no priority; there are emergency, high"},
        {"any: x", "priority: emergency", 7, "the right of an adapter"},
        {"any: x", "secret: false", 7, "a rule can only make secret"},
        {"any: x", "copies: [NOBODY]", 7, "\"NOBODY\" is neither an agency nor a function"},
        {"any: x", "copies: BOTH", 7, "both an agency and a function"},
        {"any: x", "copies: [ID, 33, 33/PUPR, 33.74, KEMENPU, PUPR, HUB, LH, SOS]", 7,
         "9 items; 8 are the most"},
        {"any: x", "support: [NOBODY]", 7, "then.support: \"NOBODY\""},
        {"any: x", "ask: phone", 7, "\"phone\" is nothing to ask for"},
        {"any: x", "{}", 7, "has no effect"},
        {"any: x", "owner: HUB", 7, "\"owner\" is no key here"},
        {"any: &a x", "secret: true", 5, "anchors (&)"},
        {"any: *a", "secret: true", 5, "aliases (*)"},
        {"any: !!str x", "secret: true", 5, "tags (!)"},
        {"any: ! x", "secret: true", 5, "tags (!)"},
        {"any: [[[[[[[[[[x]]]]]]]]]]", "secret: true", 5, "lists within lists"},
        {"any: [x", "secret: true", 6, "not well-formed YAML"},
        {"any: \"x", "secret: true", 8, "not well-formed YAML"},
        {"any:\tx: y", "secret: true", 5, "not well-formed YAML"},
    };

    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        const char *file = one_rule (cases[i].when, cases[i].then);
        expect_fault (file, strlen (file), cases[i].line, cases[i].part);
    }
}

static void test_faults_of_a_file (void **state)
{
    static const struct {
        const char *file;
        unsigned line;
        const char *part;
    } cases[] = {
        {"", 1, "the file is empty"},
        {"# nothing\n", 1, "the file is empty"},
        {"rules: []\n", 1, "names no version"},
        {"version: 1\n", 1, "has no rules"},
        {"version: 2\nrules: []\n", 1, "\"2\" is no version"},
        {"version: 1\nrules: x\n", 2, "must be a list"},
        {"version: 1\nrule: []\n", 2, "did you mean rules?"},
        {"version: 1\nrules: []\nrules: []\n", 3, "said twice, first in line 2"},
        {"- version: 1\n", 1, "must be lines of \"key: value\""},
        {"version: 1\nrules: []\n---\nversion: 1\n", 3, "a second document"},
        {"%YAML 1.1\n---\nversion: 1\nrules: []\n", 1, "directives (%)"},
        {"%TAG ! tag:x,2000:\n---\nversion: 1\nrules: []\n", 1, "directives (%)"},
        {"version: 1\nrules:\n  - x\n", 3, "rule 1: must be lines"},
        {"version: 1\nrules:\n  - {when: {any: x}, then: {secret: true}}\n", 3, "has no name"},
        {"version: 1\nrules:\n  - {name: a, then: {secret: true}}\n", 3,
         "rule \"a\": has no condition"},
        {"version: 1\nrules:\n  - {name: a, when: {any: x}}\n", 3, "rule \"a\": has no effect"},
        {"version: 1\nrules:\n  - name: a b\n    when: {any: x}\n    then: {secret: true}\n", 3,
         "\"a b\" is no name"},
        {"version: 1\nrules:\n  - name: \"\"\n    when: {any: x}\n    then: {secret: true}\n", 3,
         "nothing is said"},
        {"version: 1\nrules:\n  - {name: a, when: {any: x}, then: {secret: true}}\n"
         "  - {name: a, when: {any: y}, then: {secret: true}}\n",
         4, "another rule in line 3 has this name"},
        {"version: 1\nrules:\n  - {name: a, when: {any: x}, then: {secret: true}, notes: b}\n", 3,
         "did you mean note?"},
        {"version: 1\nrules: []\nx: \xff\n", 3, "not UTF-8"},
        {"version: 1\nrules: []\nx: \x01\n", 3, "not well-formed YAML"},
    };

    (void) state;
    for (size_t i = 0; i < array_len (cases); i++)
        expect_fault (cases[i].file, strlen (cases[i].file), cases[i].line, cases[i].part);
    expect_fault ("version: 1\nrules: \0[]\n", 22, 2, "not UTF-8");
}

/* Too much of everything: refused, and soon. */
static void test_faults_of_size (void **state)
{
    struct buffer file = {0};
    (void) state;
    buffer_format (&file, "version: 1\nrules:\n");
    for (int i = 0; i <= RULES_MOST; i++)
        buffer_format (&file, "- {name: r%d, when: {any: w%d}, then: {secret: true}}\n", i, i);
    expect_fault (file.at, file.len, RULES_MOST + 3, "10001 rules; 10000 are the most");

    buffer_clear (&file);
    buffer_format (&file,
                   "version: 1\nrules:\n- name: a\n  then: {secret: true}\n  when:\n    any: [");
    for (int i = 0; i <= RULES_LIST_MOST; i++)
        buffer_format (&file, "w%d,", i);
    buffer_format (&file, "]\n");
    expect_fault (file.at, file.len, 6, "257 items; 256 are the most");

    buffer_clear (&file);
    buffer_format (&file, "version: 1\nrules:\n");
    for (int i = 0; i < RULES_PHRASES_MOST / 200 + 1; i++) {
        buffer_format (&file, "- {name: r%d, then: {secret: true}, when: {any: [", i);
        for (int k = 0; k < 200; k++)
            buffer_format (&file, "%d,", i * 200 + k);
        buffer_format (&file, "]}}\n");
    }
    expect_fault (file.at, file.len, RULES_PHRASES_MOST / 200 + 3,
                  "more than 30000 different phrases");

    buffer_clear (&file);
    buffer_format (&file, "version: 1\nrules: []\nx: [");
    while (file.len < (size_t) 2 * SHEET_NODES_MOST + 100)
        buffer_add (&file, "x,", 2);
    buffer_format (&file, "]\n");
    expect_fault (file.at, file.len, 3, "too many lines for one file");

    buffer_clear (&file);
    buffer_format (&file, "version: 1\nrules: []\n");
    while (file.len <= RULES_BYTES_MOST)
        buffer_format (&file, "# %0999d\n", 0);
    expect_fault (file.at, file.len, 8374, "8388608 are the most");

    buffer_clear (&file);
    buffer_format (&file, "version: 1\nrules:\n");
    for (int i = 0; i < 3 * SHEET_FAULTS_MOST; i++)
        buffer_format (&file, "- x%d\n", i);
    expect_fault (file.at, file.len, SHEET_FAULTS_MOST + 2, "more is wrong than fits here");

    buffer_clear (&file);
    while (file.len < (1 << 20))
        buffer_add (&file, "[", 1);
    expect_fault (file.at, file.len, 1, "lists within lists");
    buffer_clear (&file);
    while (file.len < (1 << 20))
        buffer_add (&file, "- ", 2);
    expect_fault (file.at, file.len, 1, "lists within lists");
    buffer_clear (&file);
    while (file.len < (1 << 20))
        buffer_add (&file, "? ", 2);
    expect_fault (file.at, file.len, 1, "lists within lists");
    buffer_free (&file);
}

/* ---- warnings ------------------------------------------------------------------------------ */

static void test_warnings (void **state)
{
#define FIRST(when, then) "- {name: a, when: {" when "}, then: {" then "}}\n"
#define THEN(when, then)  "- {name: b, when: {" when "}, then: {" then "}}\n"
    static const struct {
        const char *rules;
        unsigned line; /* 0: no warning at all */
        const char *part;
    } cases[] = {
        /* one rule that can never hold */
        {FIRST ("any: [lampu jalan, lampu kota], none: lampu", "secret: true"), 3,
         "can never hold"},
        {FIRST ("any: [lampu jalan, kota], none: lampu", "secret: true"), 0, NULL},
        {FIRST ("all: [lampu jalan, kota], none: lampu", "secret: true"), 3, "can never hold"},
        {FIRST ("any: lampu, none: lampu jalan", "secret: true"), 0, NULL},
        {FIRST ("any: jalan, none: \"=jalan\"", "secret: true"), 0, NULL},
        {FIRST ("any: \"=berjalan\", none: jalan", "secret: true"), 3, "can never hold"},
        {FIRST ("place: [33.74, 33.22], any: x", "agency: 33.74/PUPR"), 3,
         "place 33.22 lies outside region 33.74"},
        {FIRST ("place: 33, any: x", "agency: 33.74/PUPR"), 0, NULL},
        {FIRST ("place: 33.74.01, any: x", "agency: 33.74/PUPR"), 0, NULL},
        {FIRST ("place: 33.22", "function: HUB"), 3, "nobody holds function HUB"},
        {FIRST ("place: 33.22", "function: PUPR"), 0, NULL},
        /* an owner where the oversight filter has decided already */
        {FIRST ("class: complaint_oversight", "agency: ID"), 3, "oversight content alone"},
        {FIRST ("category: 40, any: x", "function: PUPR"), 3, "oversight content alone"},
        {FIRST ("category: 50", "agency: ID"), 0, NULL},
        {FIRST ("category: [40, 13]", "agency: ID"), 0, NULL},
        {FIRST ("class: [complaint_oversight, complaint]", "agency: ID"), 0, NULL},
        {FIRST ("class: complaint_oversight", "priority: high"), 0, NULL},
        /* an earlier one always decides */
        {FIRST ("any: lampu", "agency: ID") THEN ("any: lampu jalan", "agency: KEMENPU"), 4,
         "can never decide: rule \"a\" in line 3"},
        {FIRST ("any: lampu jalan", "agency: ID") THEN ("any: lampu", "agency: KEMENPU"), 0, NULL},
        {FIRST ("any: [lampu, jalan]", "agency: ID")
             THEN ("all: [gelap, jalan]", "agency: KEMENPU"),
         4, "can never decide"},
        {FIRST ("all: lampu", "agency: ID")
             THEN ("any: [lampu jalan, lampu kota]", "agency: KEMENPU"),
         4, "can never decide"},
        {FIRST ("all: lampu", "agency: ID") THEN ("any: [lampu jalan, kota]", "agency: KEMENPU"), 0,
         NULL},
        {FIRST ("any: lampu, none: merah", "agency: ID") THEN ("any: lampu", "agency: KEMENPU"), 0,
         NULL},
        {FIRST ("any: lampu, none: lampu merah", "agency: ID")
             THEN ("any: lampu, none: merah", "agency: KEMENPU"),
         4, "can never decide"},
        {FIRST ("any: lampu, none: merah", "agency: ID")
             THEN ("any: lampu, none: lampu merah", "agency: KEMENPU"),
         0, NULL},
        {FIRST ("any: jalan", "agency: ID") THEN ("any: \"=berjalan\"", "agency: KEMENPU"), 4,
         "can never decide"},
        {FIRST ("any: \"=berjalan\"", "agency: ID") THEN ("any: berjalan", "agency: KEMENPU"), 0,
         NULL},
        {FIRST ("place: 33", "agency: ID")
             THEN ("place: [33.74, 33.22], any: x", "agency: KEMENPU"),
         4, "can never decide"},
        {FIRST ("place: 33.74", "agency: ID")
             THEN ("place: [33.74, 33.22], any: x", "agency: KEMENPU"),
         0, NULL},
        {FIRST ("category: 20", "agency: ID") THEN ("category: 21", "agency: KEMENPU"), 4,
         "can never decide"},
        {FIRST ("category: 21", "agency: ID") THEN ("category: 20", "agency: KEMENPU"), 0, NULL},
        {FIRST ("channel: [web, sms]", "agency: ID")
             THEN ("channel: sms, any: x", "agency: KEMENPU"),
         4, "can never decide"},
        {FIRST ("class: complaint", "agency: ID")
             THEN ("class: [complaint, aspiration]", "agency: KEMENPU"),
         0, NULL},
        {FIRST ("from: 2026-01-01", "agency: ID")
             THEN ("from: 2026-02-01, to: 2026-03-01", "agency: KEMENPU"),
         4, "can never decide"},
        {FIRST ("from: 2026-02-01", "agency: ID") THEN ("to: 2026-03-01", "agency: KEMENPU"), 0,
         NULL},
        {FIRST ("hours: 18-06", "agency: ID") THEN ("hours: 20-22", "agency: KEMENPU"), 4,
         "can never decide"},
        {FIRST ("hours: 20-22", "agency: ID") THEN ("hours: 18-06", "agency: KEMENPU"), 0, NULL},
        {FIRST ("none: lampu", "agency: ID") THEN ("none: [lampu, jalan]", "agency: KEMENPU"), 4,
         "can never decide"},
        /* not certain, or nothing is lost */
        {FIRST ("any: lampu", "secret: true") THEN ("any: lampu", "agency: KEMENPU"), 0, NULL},
        {FIRST ("any: lampu", "agency: ID") THEN ("any: lampu jalan", "secret: true"), 0, NULL},
        {FIRST ("any: lampu", "function: PUPR") THEN ("any: lampu jalan", "agency: KEMENPU"), 0,
         NULL},
        {FIRST ("any: lampu", "function: PUPR") THEN ("any: lampu jalan", "function: HUB"), 4,
         "can never decide"},
        {FIRST ("any: lampu", "function: PUPR") THEN ("any: lampu, place: 33", "agency: ID"), 4,
         "can never decide"},
        {FIRST ("any: lampu", "function: SOS") THEN ("any: lampu, place: 33", "agency: ID"), 0,
         NULL},
        /* the same conditions */
        {FIRST ("any: [Lampu Jalan, pju]", "agency: ID")
             THEN ("any: [pju, lampu jalan]", "agency: KEMENPU"),
         4,
         "conflict: the conditions of rule \"a\" in line 3 with another owner (KEMENPU, there ID)"},
        {FIRST ("place: 33.74", "function: HUB") THEN ("place: 33.74", "function: PUPR"), 4,
         "conflict"},
        {FIRST ("any: pju", "agency: ID") THEN ("any: pju", "agency: ID, secret: true"), 4,
         "repeats conditions and owner"},
        {FIRST ("any: pju", "function: SOS") THEN ("any: pju", "function: LH"), 4, "conflict"},
        {FIRST ("any: pju", "function: SOS") THEN ("any: pju", "function: SOS"), 4, "repeats"},
        {FIRST ("any: pju", "function: SOS") THEN ("any: pju", "agency: ID"), 0, NULL},
    };

    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct rules *rules = NULL;
        struct sheet_fault *faults = NULL;
        size_t count = 0;
        char *file = xformat ("version: 1\nrules:\n%s", cases[i].rules);
        assert_int_equal (rules_parse (registry, file, strlen (file), &rules, &faults, &count), 0);
        bool right = cases[i].line == 0
                         ? count == 0
                         : count == 1 && faults[0].warning && !strchr (faults[0].text, '{') &&
                               faults[0].line == cases[i].line &&
                               strstr (faults[0].text, cases[i].part);
        if (!right)
            fail_msg ("%s: %zu warnings: %s", file, count, count ? faults[0].text : "");
        rules_free (&rules);
        free (faults);
        free (file);
    }
}

/* Rules of one kind by thousands: compared in bounded time, and never refused for it. */
static void test_many_alike (void **state)
{
    struct buffer file = {0};
    struct rules *rules = NULL;
    struct sheet_fault *faults = NULL;
    size_t count = 0;
    (void) state;
    buffer_format (&file, "version: 1\nrules:\n");
    for (int i = 0; i < RULES_MOST; i++)
        buffer_format (&file, "- {name: r%d, when: {any: jalan}, then: {agency: ID}}\n", i);
    assert_int_equal (rules_parse (registry, file.at, file.len, &rules, &faults, &count), 0);
    assert_true (count > 0 && count <= SHEET_FAULTS_MOST);
    for (size_t i = 0; i < count; i++)
        assert_true (faults[i].warning);
    struct rules_verdict verdict = match (rules, &(struct said){.text = "jalan"});
    assert_int_equal (verdict.owner_rule, 0);
    rules_free (&rules);
    free (faults);
    buffer_free (&file);
}

/* ---- in the reader's language -------------------------------------------------------------- */

static void test_faults_by_key (void **state)
{
    static const char file[] = "version: 1\nrules:\n  - name: r\n    when: {hours: 5}\n"
                               "    then: {function: HUBB}\n  - {}\n";
    struct rules *rules = NULL;
    struct sheet_fault *faults = NULL;
    struct buffer text = {0};
    size_t count = 0;
    (void) state;
    assert_int_equal (rules_parse (registry, file, sizeof file - 1, &rules, &faults, &count),
                      FAIL_MALFORMED);
    assert_int_equal (count, 4);
    assert_string_equal (sheet_text_key (faults[1].what), "unknown_function_near");
    assert_memory_equal (faults[1].values, "value\0HUBB\0near\0HUB\0", 21);
    sheet_fault_say (&faults[0], LANGUAGE_ID, &text);
    buffer_format (&text, "\n");
    sheet_fault_say (&faults[1], LANGUAGE_ID, &text);
    buffer_format (&text, "\n");
    sheet_fault_say (&faults[2], LANGUAGE_ID, &text);
    buffer_add (&text, "", 1);
    assert_string_equal (
        text.at,
        "aturan \"r\": when.hours: \"5\" bukan jam; tulis awal dan akhirnya seperti 18-06 "
        "atau 00-24\naturan \"r\": then.function: \"HUBB\" bukan fungsi dalam registri: "
        "maksudnya HUB?\naturan 2: tidak ada syaratnya: tulis when:, untuk apa aturan ini");
    for (size_t i = 0; i < count; i++) {
        buffer_clear (&text);
        sheet_fault_say (&faults[i], LANGUAGE_EN, &text);
        buffer_add (&text, "", 1);
        assert_string_equal (text.at, faults[i].text);
    }
    free (faults);
    buffer_free (&text);
}

/* ---- together as alone ----------------------------------------------------------------------- */

static uint64_t random_state;

static uint32_t draw (uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t) (random_state >> 33) % below;
}

static const char *const words[] = {"jalan", "lampu",    "lampu jalan", "rusak",
                                    "air",   "\"=pju\"", "sampah"};
static const char *const places[] = {"33", "33.74", "33.22", "33.74.01", "51", "91"};
static const char *const categories[] = {"13", "20", "21", "30"};
static const char *const times[] = {"hours: 18-06", "hours: 08-12", "from: 2026-03-01",
                                    "to: 2026-03-01"};

static void random_list (struct buffer *out, const char *key, const char *const *from,
                         uint32_t count)
{
    buffer_format (out, "%s: [%s, %s], ", key, from[draw (count)], from[draw (count)]);
}

static char *random_rule (void)
{
    struct buffer out = {0};
    buffer_format (&out, "when: {");
    size_t bare = out.len;
    while (out.len == bare) {
        if (draw (3) == 0)
            random_list (&out, "any", words, array_len (words));
        if (draw (5) == 0)
            random_list (&out, "all", words, array_len (words));
        if (draw (5) == 0)
            random_list (&out, "none", words, array_len (words));
        if (draw (4) == 0)
            random_list (&out, "place", places, array_len (places));
        if (draw (4) == 0)
            random_list (&out, "category", categories, array_len (categories));
        if (draw (6) == 0)
            buffer_format (&out, "class: %s, ", class_word (1 + draw (CLASS_LAST - 1)));
        if (draw (6) == 0)
            buffer_format (&out, "channel: %s, ", channel_word (1 + draw (CHANNEL_LAST - 1)));
        if (draw (6) == 0)
            buffer_format (&out, "%s, ", times[draw (array_len (times))]);
    }
    buffer_format (&out, "}, then: {secret: true}");
    return out.at;
}

static struct said random_said (char *text, size_t room)
{
    static const char *const said[] = {"jalan", "lampu", "rusak", "air", "pju", "sampah", "kota"};
    text[0] = 0;
    for (uint32_t i = draw (5); i > 0; i--) {
        size_t len = strlen (text);
        snprintf (text + len, room - len, "%s ", said[draw (array_len (said))]);
    }
    return (struct said){.text = text,
                         .place = draw (3) ? places[draw (array_len (places))] : "",
                         .category = draw (2) ? (uint32_t) atoi (categories[draw (4)]) : 0,
                         .class = draw (CLASS_LAST),
                         .channel = draw (CHANNEL_LAST),
                         .received = MARCH + (int64_t) draw (96) * HOUR - 48 * HOUR};
}

static void test_together_as_alone (void **state)
{
    enum { RULES = 300, SAID = 200 };
    static struct rules *alone[RULES];
    struct buffer file = {0};
    char text[256];
    (void) state;
    random_state = 7;
    buffer_format (&file, "version: 1\nrules:\n");
    for (int i = 0; i < RULES; i++) {
        char *rule = random_rule (),
             *single = xformat ("version: 1\nrules:\n- {name: r, %s}\n", rule);
        buffer_format (&file, "- {name: r%d, %s}\n", i, rule);
        alone[i] = parsed (single);
        free (rule);
        free (single);
    }
    struct rules *rules = parsed (file.at);
    unsigned matched = 0;
    for (int k = 0; k < SAID; k++) {
        struct said said = random_said (text, sizeof text);
        struct rules_verdict together = match (rules, &said);
        uint16_t count = 0;
        for (uint16_t i = 0; i < RULES; i++)
            if (match (alone[i], &said).secret) {
                if (count < 8)
                    assert_int_equal (together.matched[count], i);
                count++;
            }
        assert_int_equal (together.matched_count, count < 8 ? count : 8);
        matched += count;
    }
    assert_true (matched > SAID); /* the drawing is worth something */
    for (int i = 0; i < RULES; i++)
        rules_free (&alone[i]);
    rules_free (&rules);
    buffer_free (&file);
}

/* ---- mutation -------------------------------------------------------------------------------- */

static const char good[] =
    "version: 1\n"
    "rules:\n"
    "  # lights\n"
    "  - name: pju-malam\n"
    "    when:\n"
    "      class: [complaint, complaint_plain]\n"
    "      category: [20, Pekerjaan umum]\n"
    "      channel: [sms, whatsapp]\n"
    "      place: [33.74, 33.22]\n"
    "      any: [lampu jalan, \"=pju\"]\n"
    "      all: mati\n"
    "      none: ['lampu merah', \"a\\u00e9b\"]\n"
    "      from: 2026-03-01\n"
    "      to: 2026-03-31\n"
    "      hours: 18-06\n"
    "    then:\n"
    "      function: HUB\n"
    "      priority: high\n"
    "      secret: true\n"
    "      copies: [33.74/PUPR, LH]\n"
    "      support:\n"
    "        - SOS\n"
    "      ask: [location, photo]\n"
    "    note: |\n"
    "      why this rule\n"
    "      is there\n"
    "  - {name: banjir, when: {any: banjir, place: 33}, then: {agency: 33/PUPR}}\n"
    "cases:\n"
    "  - {text: lampu jalan mati, place: 33.74, expect: {function: HUB}}\n";

static void mutate (struct buffer *file)
{
    static const char signs[] = "\n\t  -:[]{},#&*!|>'\"%@`?=~0129aZ\xc3\xff\x80\x01.";
    for (uint32_t i = 1 + draw (4); i > 0 && file->len > 1; i--) {
        size_t at = draw ((uint32_t) file->len), len = draw (12);
        len = len < file->len - at ? len : file->len - at;
        switch (draw (5)) {
        case 0: file->at[at] = signs[draw (sizeof signs - 1)]; break;
        case 1: file->at[at] ^= (char) (1 << draw (8)); break;
        case 2: /* a piece is lost */
            memmove (file->at + at, file->at + at + len, file->len - at - len);
            file->len -= len;
            break;
        case 3: /* a piece is doubled */
            (void) buffer_room (file, len);
            memmove (file->at + at + len, file->at + at, file->len - at);
            file->len += len;
            break;
        default: file->len = draw (20) ? file->len : at; break; /* the end is lost */
        }
    }
}

static void test_mutations (void **state)
{
    const char *said = getenv ("SEED"), *many = getenv ("MUTATIONS");
    uint64_t seed = said ? strtoull (said, NULL, 10) : (uint64_t) wall_ms ();
    unsigned count = many ? (unsigned) atoi (many) : 5000, accepted = 0;
    struct buffer file = {0};
    struct text text = {0};
    (void) state;
    text_read (&text, view_of ("PJU"), view_of ("lampu jalan mati, banjir"), view_of (""));
    print_message ("SEED=%llu\n", (unsigned long long) seed);
    random_state = seed;
    rules_free (&(struct rules *){parsed (good)});
    for (unsigned i = 0; i < count; i++) {
        struct rules *rules = NULL;
        struct sheet_fault *faults = NULL;
        size_t fault_count = 0, errors = 0;
        buffer_clear (&file);
        buffer_add (&file, good, sizeof good - 1);
        mutate (&file);
        char *exact = xcalloc (file.len, 1); /* its own block: reading behind it is seen */
        memcpy (exact, file.at, file.len);
        int result = rules_parse (registry, exact, file.len, &rules, &faults, &fault_count);
        free (exact);
        for (size_t k = 0; k < fault_count; k++) {
            assert_true (faults[k].line > 0 && faults[k].text[0]);
            assert_true (utf8_valid (faults[k].text, strlen (faults[k].text)));
            errors += !faults[k].warning;
        }
        assert_int_equal (result == 0, errors == 0);
        assert_int_equal (result == 0, rules != NULL);
        if (rules) {
            struct rules_verdict verdict;
            rules_match (rules, &(struct rules_facts){.text = &text, .place = view_of ("33.74")},
                         &verdict);
            accepted++;
        }
        rules_free (&rules);
        free (faults);
    }
    print_message ("%u accepted, %u refused\n", accepted, count - accepted);
    assert_true (accepted > count / 100 && accepted < count - count / 100);
    buffer_free (&file);
    text_free (&text);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_saved_by_windows),
        cmocka_unit_test (test_conditions),
        cmocka_unit_test (test_owner),
        cmocka_unit_test (test_together),
        cmocka_unit_test (test_many),
        cmocka_unit_test (test_repeated),
        cmocka_unit_test (test_faults_of_a_rule),
        cmocka_unit_test (test_faults_of_a_file),
        cmocka_unit_test (test_faults_of_size),
        cmocka_unit_test (test_warnings),
        cmocka_unit_test (test_faults_by_key),
        cmocka_unit_test (test_many_alike),
        cmocka_unit_test (test_together_as_alone),
        cmocka_unit_test (test_mutations),
    };
    return cmocka_run_group_tests (tests, set_up, tear_down);
}

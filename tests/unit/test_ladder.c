/* test_ladder.c - each rung, what it says and what it leaves to the next one; hand-backs, suggestions, scope. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "decide/decide.h"
#include "wire/wire.h"

/* Two regencies of one province; 33.22 has neither an inspectorate nor a unit for sport. */
static const char registry_text[] =
    "function\t1\tPUPR\tPekerjaan umum\nfunction\t2\tKES\tKesehatan\nfunction\t3\tPENGAWASAN\tPengawasan\n"
    "function\t4\tPORA\tOlahraga\nfunction\t5\tENERGI\tEnergi\n"
    "agency\t1\tID\t-\troot\t-\t-\tdesk\tMeja\nagency\t2\tID/PENGAWASAN\t1\tunit\t3\t-\tinspectorate\tPengawas\n"
    "agency\t5\tBUMN\t1\tagency\t-\t-\tcentral\tBUMN\nagency\t6\tBUMN/UNIT\t5\tunit\t-\t-\tcentral\tUnit\n"
    "agency\t7\tBUMN/PENGAWASAN\t5\tunit\t-\t-\tinspectorate,central\tPengawas\n"
    "agency\t3\tPLN\t1\tagency\t-\t-\tcentral\tListrik\n"
    "agency\t10\t33\t1\tagency\t-\t33\tdesk\tJateng\nagency\t11\t33/PENGAWASAN\t10\tunit\t3\t33\tinspectorate\tI\n"
    "agency\t12\t33/PORA\t10\tunit\t4\t33\t-\tPora\nagency\t13\t33/PUPR\t10\tunit\t1\t33\t-\tPU\n"
    "agency\t14\t33/ENERGI\t10\tunit\t5\t33\t-\tEnergi\n"
    "agency\t20\t33.74\t1\tagency\t-\t33.74\tdesk\tKota\nagency\t21\t33.74/PUPR\t20\tunit\t1\t33.74\t-\tPU\n"
    "agency\t22\t33.74/KES\t20\tunit\t2\t33.74\t-\tKes\n"
    "agency\t23\t33.74/PENGAWASAN\t20\tunit\t3\t33.74\tinspectorate\tI\n"
    "agency\t30\t33.22\t1\tagency\t-\t33.22\tdesk\tKabupaten\nagency\t31\t33.22/PUPR\t30\tunit\t1\t33.22\t-\tPU\n"
    "agency\t32\t33.22/KES\t30\tunit\t2\t33.22\t-\tKes\n"
    "region\t33\t1\tJawa Tengah\nregion\t33.22\t2\tKabupaten Semarang\nregion\t33.74\t2\tKota Semarang\n"
    "region\t33.74.01\t3\tTembalang\nregion\t33.22.01\t3\tGetasan\n"
    "category\t1\t-\t1\t-\t-\tJalan\t0\t930\ncategory\t2\t-\t2\t-\t-\tKesehatan\t0\t930\n"
    "category\t3\t-\t4\t-\t-\tOlahraga\t0\t930\ncategory\t4\t-\t-\t3\t-\tListrik\t0\t930\n"
    "category\t5\t-\t2\t-\t-\tMacam-macam\t0\t300\ncategory\t6\t-\t3\t-\tcomplaint_oversight\tPungli\t0\t930\n"
    "category\t7\t-\t-\t-\t-\tKosong\t0\t930\ncategory\t8\t-\t1\t-\t-\tJalan provinsi\t1\t930\n"
    "oversight\tpungli\noversight_part\tminta uang|bayaran\tact\noversight\tpetugas\tactor\n"
    "oversight_part\tbupati\tactor-province\noversight_part\tinspektorat\tactor-above\n"
    "oversight_part\tgubernur\tactor-nation\noversight_part\tpolisi\tactor-nation\n"
    "competence\t31\t5\t33.22\n"
    "mandate\tf\t1\t100\tjalan berlubang\nmandate\tf\t2\t100\tpuskesmas\nmandate\tf\t3\t100\tbayar pelicin\n"
    "mandate\ta\t3\t100\tlistrik padam\n"
    /* words have a level: the province's; 9 is a newer store's, and none */
    "mandate\tf\t1\t100\tjalan-provinsi\t1\nmandate\tf\t2\t100\trumah-sakit\t9\n";

static struct registry *registry;
static struct routing routing;

static int set_up (void **state)
{
    (void) state;
    if (registry_parse (7, registry_text, sizeof registry_text - 1, &registry) != 0)
        return 1;
    routing = (struct routing){.registry = registry, .thresholds = thresholds_usual};
    return 0;
}

static int tear_down (void **state)
{
    (void) state;
    registry_destroy (&registry);
    return 0;
}

struct expected {
    const char *text, *place, *target;
    uint64_t category;
    uint32_t class, refusers[DECIDE_REFUSERS], suggested, scope, holder;
    const char *since, *words; /* NULL: not cleared; nothing came later */
    const char *owner;
    uint32_t rung;
    const char *said; /* a view's code that must be in the record */
};

static struct question question_of (const struct expected *one)
{
    struct question question = {.text = view_of (one->text),
                                .place = view_of (one->place ? one->place : ""),
                                .target = view_of (one->target ? one->target : ""),
                                .category = one->category,
                                .class = one->class,
                                .suggested = one->suggested,
                                .scope = one->scope,
                                .holder = one->holder,
                                .cleared = one->since != NULL,
                                .since = view_of (one->since   ? one->since
                                                  : one->words ? one->words
                                                               : "")};
    while (one->refusers[question.refuser_count]) {
        question.refusers[question.refuser_count] = one->refusers[question.refuser_count];
        question.refuser_count++;
    }
    return question;
}

static void check_all (const struct expected *cases, size_t count)
{
    static struct decision decision;
    for (size_t i = 0; i < count; i++) {
        struct question question = question_of (&cases[i]);
        decide (&routing, &question, &decision);
        const char *owner = registry_agency (registry, decision.agency)->code;
        char *said = xformat ("\"%s\"", cases[i].said);
        if (strcmp (owner, cases[i].owner) != 0 || decision.rung != cases[i].rung ||
            !strstr (decision.record, said))
            fail_msg ("%zu, \"%s\": %s by rung %u, %s; expected %s by %u, %s", i, cases[i].text,
                      owner, decision.rung, decision.record, cases[i].owner, cases[i].rung,
                      cases[i].said);
        free (said);
    }
}

/* Words that came later accuse who has the complaint, unless they name somebody higher. */
static void test_later_words (void **state)
{
#define LATER .text = "jalan berlubang\npetugas minta uang", .said = "words"
    static const struct expected cases[] = {
        {LATER, .place = "33.74", .holder = 21, .owner = "33.74/PENGAWASAN"},
        {LATER, .place = "33.74", .holder = 20, .owner = "33.74/PENGAWASAN"},
        {LATER, .place = "33.74", .holder = 23, .owner = "33/PENGAWASAN"},
        {LATER, .place = "33.74", .holder = 13, .owner = "33/PENGAWASAN"},
        {LATER, .place = "33.74", .holder = 6, .owner = "BUMN/PENGAWASAN"},
        {LATER, .place = "33.74", .holder = 3, .owner = "ID/PENGAWASAN"},
        {LATER, .place = "33.74", .holder = 1, .owner = "33.74/PENGAWASAN"},
        {LATER, .place = "33.74", .holder = 999, .owner = "33.74/PENGAWASAN"},
        {LATER, .holder = 31, .owner = "33/PENGAWASAN"},
        {LATER, .place = "33.74", .target = "33.22/KES", .holder = 21, .owner = "33.74/PENGAWASAN"},
        {LATER, .place = "33.74", .refusers = {23}, .holder = 21, .owner = "33/PENGAWASAN"},
        {.text = "bupati dan petugas minta uang",
         .place = "33.74",
         .holder = 21,
         .owner = "33/PENGAWASAN",
         .said = "words"},
        /* among others its words would not be sure of it */
        {.text = "jalan berlubang, jalan berlubang\nsaya disuruh bayar pelicin",
         .words = "saya disuruh bayar pelicin",
         .place = "33.74",
         .holder = 21,
         .owner = "33.74/PENGAWASAN",
         .said = "meaning"},
        /* nobody did it, and it is no misconduct: where it was is for the store to know */
        {.text = "jalan berlubang, saya minta bantuan uang",
         .place = "33.74",
         .holder = 21,
         .owner = "33.74/PUPR",
         .rung = 4,
         .said = "words"},
    };
    (void) state;
    check_all (cases, array_len (cases));
}

/* What an inspectorate cleared the filter judges by what was said since, and by nothing else. */
static void test_cleared (void **state)
{
    static const struct expected cases[] = {
        {.text = "jalan berlubang, katanya pungli",
         .place = "33.74",
         .since = "",
         .owner = "33.74/PUPR",
         .rung = 4,
         .said = "words"},
        {.text = "ada pungli",
         .place = "33.74",
         .class = CLASS_OVERSIGHT,
         .since = "",
         .owner = "33.74",
         .rung = 5,
         .said = "coordinator"},
        {.text = "ada pungli",
         .place = "33.74",
         .category = 6,
         .refusers = {23},
         .since = "terima kasih",
         .owner = "33.74",
         .rung = 5,
         .said = "not-possible"},
        {.text = "bayar pelicin",
         .place = "33.74",
         .refusers = {23},
         .since = "",
         .owner = "33.74",
         .rung = 5,
         .said = "coordinator"},
        {.text = "jalan berlubang, katanya pungli",
         .place = "33.74",
         .holder = 21,
         .since = "sekarang petugas minta uang",
         .owner = "33.74/PENGAWASAN",
         .said = "minta uang"},
        {.text = "jalan berlubang",
         .place = "33.74",
         .holder = 21,
         .since = "bayar pelicin",
         .owner = "33.74/PENGAWASAN",
         .said = "meaning"},
    };
    static struct decision decision;
    (void) state;
    check_all (cases, array_len (cases));
    struct question question = question_of (&cases[2]);
    decide (&routing, &question, &decision);
    assert_false (decision.oversight || decision.secret || decision.class);
}

static void test_alarms (void **state)
{
    static const char *const yes[] = {"petugas minta uang", "malah minta uang lagi", "ada pungli",
                                      "bayar pelicin"},
                             *const no[] = {"", "terima kasih", "jalan berlubang lagi",
                                            "di Tembalang, depan puskesmas"};
    (void) state;
    for (size_t i = 0; i < array_len (yes); i++)
        if (!decide_alarms (&routing, view_of (yes[i])))
            fail_msg ("\"%s\" alarms nobody", yes[i]);
    for (size_t i = 0; i < array_len (no); i++)
        if (decide_alarms (&routing, view_of (no[i])))
            fail_msg ("\"%s\" alarms", no[i]);
}

static void test_oversight (void **state)
{
    static const struct expected cases[] = {
        {.text = "ada pungli", .place = "33.74", .owner = "33.74/PENGAWASAN", .said = "words"},
        {.text = "petugas itu minta uang",
         .place = "33.74",
         .owner = "33.74/PENGAWASAN",
         .said = "minta uang"},
        {.text = "x",
         .place = "33.74",
         .class = CLASS_OVERSIGHT,
         .owner = "33.74/PENGAWASAN",
         .said = "class"},
        {.text = "x",
         .place = "33.74",
         .category = 6,
         .owner = "33.74/PENGAWASAN",
         .said = "category"},
        /* missing: the next one above; the accused himself: too; nobody: the nation's */
        {.text = "ada pungli", .place = "33.22.01", .owner = "33/PENGAWASAN", .said = "words"},
        {.text = "ada pungli",
         .place = "33.74",
         .target = "33.74/PENGAWASAN",
         .owner = "33/PENGAWASAN",
         .said = "words"},
        {.text = "ada pungli", .owner = "ID/PENGAWASAN", .said = "words"},
        /* the office that was named says where */
        {.text = "ada pungli",
         .target = "33.74/PUPR",
         .owner = "33.74/PENGAWASAN",
         .said = "words"},
        {.text = "ada pungli di kota semarang", .owner = "33.74/PENGAWASAN", .said = "words"},
        {.text = "ada pungli",
         .place = "33.74",
         .refusers = {23},
         .owner = "33/PENGAWASAN",
         .said = "words"},
        {.text = "ada pungli",
         .place = "33.74",
         .refusers = {23, 11, 2},
         .owner = "ID",
         .said = "no-inspectorate"},
    };
    (void) state;
    check_all (cases, array_len (cases));
    static struct decision decision;
    struct question question = {.text = view_of ("jalan berlubang, ada pungli"),
                                .place = view_of ("33.74"),
                                .target = view_of ("33.74/PUPR"),
                                .category = 1};
    decide (&routing, &question, &decision);
    assert_true (decision.oversight && decision.secret);
    assert_int_equal (decision.candidates[0].agency, 23);
    assert_int_equal (decision.candidates[1].ground, GROUND_NONE); /* nobody but inspectorates */
}

/* Who is accused says whose inspectorate judges: never one below him. */
static void test_accused (void **state)
{
    static const struct expected cases[] = {
        {.text = "ada pungli",
         .place = "33.74",
         .target = "33/PUPR",
         .owner = "33/PENGAWASAN",
         .said = "words"},
        {.text = "ada pungli",
         .place = "33",
         .target = "33.74/PUPR",
         .owner = "33.74/PENGAWASAN",
         .said = "words"},
        {.text = "ada pungli",
         .place = "33.74",
         .target = "33.22/PUPR",
         .owner = "33/PENGAWASAN",
         .said = "words"},
        {.text = "ada pungli",
         .place = "33.74",
         .target = "33/PENGAWASAN",
         .owner = "ID/PENGAWASAN",
         .said = "words"},
        {.text = "ada pungli",
         .place = "33.74",
         .target = "PLN",
         .owner = "ID/PENGAWASAN",
         .said = "words"},
        {.text = "ada pungli",
         .place = "33.74",
         .target = "ID/PENGAWASAN",
         .owner = "ID",
         .said = "no-inspectorate"},
        /* a body with an inspectorate of its own */
        {.text = "ada pungli", .target = "BUMN", .owner = "BUMN/PENGAWASAN", .said = "words"},
        {.text = "ada pungli", .target = "BUMN/UNIT", .owner = "BUMN/PENGAWASAN", .said = "words"},
        {.text = "ada pungli",
         .target = "BUMN/PENGAWASAN",
         .owner = "ID/PENGAWASAN",
         .said = "words"},
        /* the government that was named says where */
        {.text = "ada pungli", .target = "33.74", .owner = "33.74/PENGAWASAN", .said = "words"},
        {.text = "ada pungli", .target = "ID", .owner = "ID/PENGAWASAN", .said = "words"},
        /* the accused is the target, and the text needs not say it again */
        {.text = "minta uang terus",
         .target = "33.74/PUPR",
         .owner = "33.74/PENGAWASAN",
         .said = "minta uang"},
        {.text = "minta uang terus",
         .target = "33.74",
         .owner = "33.74",
         .rung = 5,
         .said = "government"},
        /* named in the text */
        {.text = "pungli oleh bupati",
         .place = "33.74.01",
         .owner = "33/PENGAWASAN",
         .said = "words"},
        {.text = "pungli oleh bupati", .place = "33", .owner = "33/PENGAWASAN", .said = "words"},
        {.text = "inspektorat minta uang",
         .place = "33.74",
         .owner = "33/PENGAWASAN",
         .said = "words"},
        {.text = "inspektorat minta uang",
         .place = "33",
         .owner = "ID/PENGAWASAN",
         .said = "words"},
        {.text = "gubernur dan petugas minta uang",
         .place = "33.74",
         .owner = "ID/PENGAWASAN",
         .said = "words"},
        {.text = "polisi minta uang",
         .place = "33.74",
         .target = "33.74/PUPR",
         .owner = "ID/PENGAWASAN",
         .said = "words"},
        {.text = "bupati minta uang",
         .place = "33.74",
         .target = "33.22/PUPR",
         .owner = "33/PENGAWASAN",
         .said = "words"},
        /* out of scope: the scope's own */
        {.text = "ada pungli",
         .place = "33.74",
         .scope = 20,
         .owner = "33.74/PENGAWASAN",
         .said = "words"},
        {.text = "bupati minta uang",
         .place = "33.74",
         .scope = 20,
         .owner = "33.74",
         .said = "no-inspectorate"},
        {.text = "ada pungli",
         .place = "33.74",
         .target = "33.74/PENGAWASAN",
         .scope = 20,
         .owner = "33.74",
         .said = "no-inspectorate"},
    };
    (void) state;
    check_all (cases, array_len (cases));
}

/* Who only asks accuses nobody but whom he names. */
static void test_asked (void **state)
{
    static const struct expected cases[] = {
        {.text = "ada pungli",
         .place = "33.74",
         .class = CLASS_INFO_REQUEST,
         .owner = "33.74",
         .rung = 5,
         .said = "no-words"},
        {.text = "petugas pungli",
         .place = "33.74",
         .class = CLASS_INFO_REQUEST,
         .owner = "33.74/PENGAWASAN",
         .said = "words"},
        {.text = "pengemis minta uang",
         .place = "33.74",
         .owner = "33.74",
         .rung = 5,
         .said = "no-words"},
    };
    (void) state;
    check_all (cases, array_len (cases));
}

static void test_target (void **state)
{
    static const struct expected cases[] = {
        {.text = "rusak",
         .target = "33.74/PUPR",
         .place = "33.74",
         .owner = "33.74/PUPR",
         .rung = 1,
         .said = "target"},
        {.text = "rusak",
         .target = "33.74/PUPR",
         .owner = "33.74/PUPR",
         .rung = 1,
         .said = "target"},
        {.text = "rusak",
         .target = "33.74/PUPR",
         .place = "33.22",
         .owner = "33.22",
         .rung = 5,
         .said = "other-place"},
        {.text = "x",
         .target = "33.74/PUPR",
         .place = "33.74",
         .category = 2,
         .owner = "33.74/KES",
         .rung = 3,
         .said = "other-function"},
        {.text = "x",
         .target = "33.74/KES",
         .place = "33.74",
         .category = 4,
         .owner = "PLN",
         .rung = 3,
         .said = "other-function"},
        {.text = "puskesmas tutup",
         .target = "33.74/PUPR",
         .place = "33.74",
         .owner = "33.74/KES",
         .rung = 4,
         .said = "other-function"},
        {.text = "x",
         .target = "nowhere",
         .place = "33.74",
         .owner = "33.74",
         .rung = 5,
         .said = "unknown-target"},
        {.text = "jalan berlubang",
         .target = "33.74",
         .owner = "33.74/PUPR",
         .rung = 4,
         .said = "government"},
        {.text = "x", .target = "33.74", .owner = "33.74", .rung = 5, .said = "government"},
        /* the registry names another holder for the place; a central body is no better than others */
        {.text = "x",
         .target = "33/PUPR",
         .place = "33.74",
         .owner = "33.74",
         .rung = 5,
         .said = "other-holder"},
        {.text = "x",
         .target = "33/PUPR",
         .place = "33.74",
         .category = 8,
         .owner = "33/PUPR",
         .rung = 1,
         .said = "target"},
        {.text = "jalan berlubang",
         .target = "PLN",
         .place = "33.74",
         .owner = "33.74/PUPR",
         .rung = 4,
         .said = "other-function"},
        {.text = "listrik padam",
         .target = "PLN",
         .place = "33.74",
         .owner = "PLN",
         .rung = 1,
         .said = "target"},
        /* a government named by mistake does not move the place */
        {.text = "jalan berlubang di kab. semarang",
         .target = "33.74",
         .owner = "33.22/PUPR",
         .rung = 4,
         .said = "place"},
        {.text = "jalan berlubang di semarang",
         .target = "33.74",
         .owner = "33.74/PUPR",
         .rung = 4,
         .said = "government"},
    };
    (void) state;
    check_all (cases, array_len (cases));
}

static void test_category (void **state)
{
    static const struct expected cases[] = {
        {.text = "x",
         .category = 1,
         .place = "33.74.01",
         .owner = "33.74/PUPR",
         .rung = 3,
         .said = "category-place"},
        {.text = "x",
         .category = 3,
         .place = "33.74.01",
         .owner = "33/PORA",
         .rung = 3,
         .said = "category-place"},
        {.text = "x",
         .category = 8,
         .place = "33.74.01",
         .owner = "33/PUPR",
         .rung = 3,
         .said = "category-place"},
        {.text = "x", .category = 4, .owner = "PLN", .rung = 3, .said = "category-agency"},
        {.text = "x", .category = 1, .owner = "ID", .rung = 6, .said = "no-place"},
        {.text = "x di kota semarang",
         .category = 1,
         .owner = "33.74/PUPR",
         .rung = 3,
         .said = "category-place"},
        {.text = "x",
         .category = 7,
         .place = "33.74",
         .owner = "33.74",
         .rung = 5,
         .said = "category-without-function"},
        {.text = "x",
         .category = 99,
         .place = "33.74",
         .owner = "33.74",
         .rung = 5,
         .said = "unknown-category"},
        {.text = "puskesmas tutup",
         .category = 1,
         .place = "33.74",
         .owner = "33.74/PUPR",
         .rung = 3,
         .said = "category-place"},
        /* a medley lets the words speak first, and decides before a person has to */
        {.text = "jalan berlubang",
         .category = 5,
         .place = "33.74",
         .owner = "33.74/PUPR",
         .rung = 4,
         .said = "words-first"},
        {.text = "entah",
         .category = 5,
         .place = "33.74",
         .owner = "33.74/KES",
         .rung = 3,
         .said = "words-first"},
        {.text = "jalan",
         .category = 5,
         .place = "33.74",
         .owner = "33.74/KES",
         .rung = 3,
         .said = "words-first"},
        /* what a form says is taken as it is, what it mistypes is not */
        {.text = "x",
         .category = 1,
         .place = "33",
         .owner = "33/PUPR",
         .rung = 3,
         .said = "category-place"},
        {.text = "x",
         .category = 1,
         .place = "33.99",
         .owner = "33",
         .rung = 5,
         .said = "unknown-place"},
        {.text = "x",
         .category = 3,
         .place = "33.99",
         .owner = "33/PORA",
         .rung = 3,
         .said = "unknown-place"},
    };
    (void) state;
    check_all (cases, array_len (cases));
}

static void test_words (void **state)
{
    static const struct expected cases[] = {
        {.text = "jalan berlubang",
         .place = "33.74",
         .owner = "33.74/PUPR",
         .rung = 4,
         .said = "words"},
        {.text = "jln berlubang di kab. semarang",
         .owner = "33.22/PUPR",
         .rung = 4,
         .said = "place"},
        {.text = "jalan berlubang di semarang",
         .owner = "33",
         .rung = 5,
         .said = "place-ambiguous"},
        {.text = "jalan berlubang", .owner = "ID", .rung = 6, .said = "no-place"},
        {.text = "listrik padam", .owner = "PLN", .rung = 4, .said = "words"},
        {.text = "entah", .place = "33.74", .owner = "33.74", .rung = 5, .said = "no-words"},
        {.text = "", .owner = "ID", .rung = 6, .said = "no-words"},
        {.text = "jalan berlubang",
         .place = "33",
         .owner = "33",
         .rung = 5,
         .said = "nobody-holds"},
        {.text = "jalan berlubang di jawa tengah", .owner = "33", .rung = 5, .said = "place-vague"},
    };
    (void) state;
    check_all (cases, array_len (cases));
}

/* What the words mean is the province's there, though the regency has a unit of that function. */
static void test_level_of_words (void **state)
{
    static const struct expected cases[] = {
        {.text = "jalan provinsi berlubang",
         .place = "33.74.01",
         .owner = "33/PUPR",
         .rung = 4,
         .said = "words"},
        {.text = "jalan berlubang",
         .place = "33.74.01",
         .owner = "33.74/PUPR",
         .rung = 4,
         .said = "words"},
        {.text = "jalan berlubang dekat jalan provinsi",
         .place = "33.74",
         .owner = "33.74/PUPR",
         .rung = 4,
         .said = "words"},
        /* so it is where a category says the function; its own level stands */
        {.text = "jalan provinsi berlubang",
         .place = "33.74",
         .category = 1,
         .owner = "33/PUPR",
         .rung = 3,
         .said = "category-place"},
        {.text = "jalan provinsi berlubang",
         .place = "33.74",
         .category = 2,
         .owner = "33.74/KES",
         .rung = 3,
         .said = "category-place"},
        /* where the text says no more than the province, its unit holds it all the same */
        {.text = "jalan provinsi berlubang di jawa tengah",
         .owner = "33/PUPR",
         .rung = 4,
         .said = "words"},
        {.text = "jalan berlubang di jawa tengah", .owner = "33", .rung = 5, .said = "place-vague"},
        {.text = "rumah sakit tutup",
         .place = "33.74",
         .owner = "33.74/KES",
         .rung = 4,
         .said = "words"},
    };
    (void) state;
    check_all (cases, array_len (cases));
}

/* Who follows from a place is no surer than the place. */
static void test_certain_place (void **state)
{
    static const struct {
        const char *text;
        uint64_t category;
        const char *owner;
        uint32_t rung, least, most;
    } cases[] = {
        {"jalan berlubang di kota semarang", 1, "33.74/PUPR", 3, 930, 930},
        {"x di tembalang", 1, "33.74/PUPR", 3, 800, 929},
        {"jalan berlubang di kota semarang", 0, "33.74/PUPR", 4, 800, 1000},
        {"jalan berlubang, saya dari tembalang", 0, "33.74/PUPR", 4, 550, 700},
        /* not sure enough of the place: the words are asked first */
        {"puskesmas, saya dari tembalang", 1, "33.74/KES", 4, 550, 700},
        /* a central body holds it wherever it is */
        {"listrik padam, saya dari tembalang", 0, "PLN", 4, 800, 1000},
        {"x, saya dari tembalang", 4, "PLN", 3, 930, 930},
    };
    (void) state;
    static struct decision decision;
    for (size_t i = 0; i < array_len (cases); i++) {
        struct question question = {.text = view_of (cases[i].text), .category = cases[i].category};
        decide (&routing, &question, &decision);
        if (strcmp (registry_agency (registry, decision.agency)->code, cases[i].owner) != 0 ||
            decision.rung != cases[i].rung || decision.confidence < cases[i].least ||
            decision.confidence > cases[i].most)
            fail_msg ("%s: rung %u, %u, %s", cases[i].text, decision.rung, decision.confidence,
                      decision.record);
    }
}

static void test_hand_back (void **state)
{
    static const struct expected cases[] = {
        {.text = "jalan berlubang",
         .category = 1,
         .place = "33.74",
         .refusers = {21},
         .owner = "33.74",
         .rung = 5,
         .said = "not-possible"},
        {.text = "jalan berlubang",
         .category = 1,
         .place = "33.74",
         .refusers = {21},
         .suggested = 13,
         .owner = "33/PUPR",
         .rung = 1,
         .said = "suggested"},
        {.text = "jalan berlubang",
         .category = 1,
         .place = "33.74",
         .refusers = {21},
         .suggested = 21,
         .owner = "33.74",
         .rung = 5,
         .said = "suggested-not-possible"},
        {.text = "jalan berlubang",
         .category = 1,
         .place = "33.74",
         .refusers = {21},
         .suggested = 99,
         .owner = "33.74",
         .rung = 5,
         .said = "suggested-not-possible"},
        /* the words say roads: health is a hint only; an office of another place, too */
        {.text = "jalan berlubang",
         .category = 1,
         .place = "33.74",
         .refusers = {21},
         .suggested = 22,
         .owner = "33.74",
         .rung = 5,
         .said = "suggested-only"},
        {.text = "jalan berlubang",
         .category = 1,
         .place = "33.74",
         .refusers = {21},
         .suggested = 31,
         .owner = "33.74",
         .rung = 5,
         .said = "suggested-only"},
        {.text = "entah",
         .place = "33.74",
         .refusers = {20},
         .suggested = 22,
         .owner = "33.74/KES",
         .rung = 1,
         .said = "suggested"},
        {.text = "jalan berlubang",
         .place = "33.74",
         .refusers = {21, 20},
         .owner = "33",
         .rung = 5,
         .said = "coordinator"},
        {.text = "jalan berlubang",
         .place = "33.74",
         .refusers = {21, 20, 10, 1},
         .owner = "ID",
         .rung = 6,
         .said = "national"},
        {.text = "entah",
         .place = "33.74",
         .refusers = {21},
         .suggested = 1,
         .owner = "33.74",
         .rung = 5,
         .said = "suggested-only"},
        {.text = "entah",
         .place = "33.74",
         .refusers = {21},
         .suggested = 10,
         .owner = "33",
         .rung = 5,
         .said = "suggested"},
    };
    (void) state;
    check_all (cases, array_len (cases));
}

static void test_scope (void **state)
{
    static const struct expected cases[] = {
        {.text = "jalan berlubang", .scope = 20, .owner = "33.74/PUPR", .rung = 4, .said = "words"},
        {.text = "listrik padam", .scope = 20, .owner = "33.74", .rung = 5, .said = "nobody-holds"},
        {.text = "x",
         .category = 3,
         .scope = 20,
         .owner = "33.74",
         .rung = 5,
         .said = "not-possible"},
        {.text = "entah", .scope = 3, .owner = "PLN", .rung = 6, .said = "national"},
    };
    (void) state;
    check_all (cases, array_len (cases));
}

static void test_exception (void **state)
{
    static const struct view here = {"33.22.01", 8}, there = {"33.74", 5};
    (void) state;
    assert_string_equal (registry_competent (registry, 5, here, 0)->code, "33.22/PUPR");
    assert_string_equal (registry_competent (registry, 5, there, 0)->code, "33/ENERGI");
    assert_string_equal (registry_competent (registry, 5, here, 1)->code, "33/ENERGI");
    /* for a region and all below, but for those with an exception of their own */
    struct registry *other = NULL;
    char *text = xformat ("%scompetence\t12\t1\t33\ncompetence\t31\t1\t33.22\n", registry_text);
    assert_int_equal (registry_parse (8, text, strlen (text), &other), 0);
    assert_string_equal (registry_competent (other, 1, there, 0)->code, "33/PORA");
    assert_string_equal (registry_competent (other, 1, here, 0)->code, "33.22/PUPR");
    registry_destroy (&other);
    free (text);
}

/* Whatever is said: the record is JSON within its limit, and asks for the place where none is known. */
static void test_record (void **state)
{
    static struct decision decision;
    (void) state;
    struct question question = {.text =
                                    view_of ("jalan berlubang \" \\ \x01 listrik padam puskesmas")};
    decide (&routing, &question, &decision);
    json_t *record = json_loads (decision.record, 0, NULL);
    assert_non_null (record);
    assert_int_equal (json_integer_value (json_object_get (record, "rung")), decision.rung);
    assert_int_equal (json_integer_value (json_array_get (json_object_get (record, "v"), 1)), 7);
    assert_true (json_array_size (json_object_get (record, "next")) >= 1);
    json_decref (record);
    assert_true (decision.rung < 5 || decision.asks & RULES_ASK_LOCATION);
}

/* How an agency is connected: what words alone would give it stays at the national desk where that verifies for it,
 * and nothing goes deeper than those above allow. */
static void test_connections (void **state)
{
    static const struct {
        const char *connections; /* lines of the snapshot */
        struct expected expected;
    } cases[] = {
        {"",
         {.text = "jalan berlubang",
          .place = "33.74",
          .owner = "33.74/PUPR",
          .rung = 4,
          .said = "words"}},
        {"connection\t21\tself\t-\n",
         {.text = "jalan berlubang",
          .place = "33.74",
          .owner = "33.74/PUPR",
          .rung = 4,
          .said = "words"}},
        {"connection\t21\tnational\t-\n",
         {.text = "jalan berlubang",
          .place = "33.74",
          .owner = "ID",
          .rung = 6,
          .said = "verify-national"}},
        {"connection\t20\tnational\t-\n",
         {.text = "jalan berlubang",
          .place = "33.74",
          .owner = "ID",
          .rung = 6,
          .said = "verify-national"}},
        {"connection\t22\tnational\t-\n",
         {.text = "jalan berlubang",
          .place = "33.74",
          .owner = "33.74/PUPR",
          .rung = 4,
          .said = "words"}},
        /* it was there, and the national desk gave it away */
        {"connection\t20\tnational\t-\n",
         {.text = "jalan berlubang",
          .place = "33.74",
          .refusers = {1},
          .owner = "33.74/PUPR",
          .rung = 4,
          .said = "words"}},
        /* rungs 1 to 3 place in every model */
        {"connection\t20\tnational\t-\n",
         {.text = "rusak",
          .category = 1,
          .place = "33.74",
          .owner = "33.74/PUPR",
          .rung = 3,
          .said = "category-place"}},
        {"connection\t20\tnational\t-\n",
         {.text = "rusak",
          .target = "33.74/PUPR",
          .place = "33.74",
          .owner = "33.74/PUPR",
          .rung = 1,
          .said = "target"}},
        {"connection\t20\tnational\t-\n",
         {.text = "petugas minta uang",
          .place = "33.74",
          .owner = "33.74/PENGAWASAN",
          .rung = 0,
          .said = "words"}},
        /* how deep */
        {"connection\t20\tself\t0\n",
         {.text = "rusak",
          .category = 1,
          .place = "33.74",
          .owner = "33.74",
          .rung = 3,
          .said = "depth"}},
        {"connection\t20\tself\t0\n",
         {.text = "jalan berlubang",
          .place = "33.74",
          .owner = "33.74",
          .rung = 4,
          .said = "depth"}},
        {"connection\t20\tself\t1\n",
         {.text = "rusak",
          .category = 1,
          .place = "33.74",
          .owner = "33.74/PUPR",
          .rung = 3,
          .said = "category-place"}},
        {"connection\t1\tself\t1\n",
         {.text = "rusak",
          .category = 1,
          .place = "33.74",
          .owner = "33.74",
          .rung = 3,
          .said = "depth"}},
        {"connection\t1\tself\t0\nconnection\t20\tself\t1\n",
         {.text = "rusak",
          .category = 1,
          .place = "33.74",
          .owner = "ID",
          .rung = 3,
          .said = "depth"}},
        {"connection\t20\tself\t0\n",
         {.text = "petugas minta uang",
          .place = "33.74",
          .owner = "33.74/PENGAWASAN",
          .rung = 0,
          .said = "words"}},
        /* who forwards has refused: then it goes where it belongs */
        {"connection\t20\tself\t0\n",
         {.text = "rusak",
          .category = 1,
          .place = "33.74",
          .refusers = {20},
          .owner = "33.74/PUPR",
          .rung = 3,
          .said = "category-place"}},
    };
    struct registry *usual = registry;

    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        char *text = xformat ("%s%s", registry_text, cases[i].connections);
        registry = NULL;
        assert_int_equal (registry_parse (9, text, strlen (text), &registry), 0);
        routing.registry = registry;
        check_all (&cases[i].expected, 1);
        registry_destroy (&registry);
        free (text);
    }
    registry = usual;
    routing.registry = usual;
    static const char *const faults[] = {"connection\t21\n", "connection\t99\tnational\t-\n",
                                         "connection\t21\tself\t9\n", "connection\tx\tself\t-\n"};
    for (size_t i = 0; i < array_len (faults); i++) {
        char *text = xformat ("%s%s", registry_text, faults[i]);
        struct registry *none = NULL;
        assert_int_not_equal (registry_parse (9, text, strlen (text), &none), 0);
        free (text);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_later_words),    cmocka_unit_test (test_connections),
        cmocka_unit_test (test_cleared),        cmocka_unit_test (test_alarms),
        cmocka_unit_test (test_oversight),      cmocka_unit_test (test_accused),
        cmocka_unit_test (test_asked),          cmocka_unit_test (test_target),
        cmocka_unit_test (test_category),       cmocka_unit_test (test_words),
        cmocka_unit_test (test_level_of_words), cmocka_unit_test (test_certain_place),
        cmocka_unit_test (test_hand_back),      cmocka_unit_test (test_scope),
        cmocka_unit_test (test_exception),      cmocka_unit_test (test_record)};
    return cmocka_run_group_tests (tests, set_up, tear_down);
}

/* test_model.c - the learned model: what it looks at, how it scores, what file it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "decide/model_inside.h"

/* ---- features ---------------------------------------------------------------------------------- */

static void read_features (struct features *features, const char *body, struct model_facts facts)
{
    struct text text = {0};
    text_read (&text, view_of (""), view_of (body), view_of (""));
    features_read (features, &text, &facts);
    text_free (&text);
}

static size_t count_group (const struct features *features, enum feature_group group)
{
    size_t count = 0;
    for (size_t i = 0; i < features->count; i++)
        count += features->at[i].group == group;
    return count;
}

/* How many features the two have in common. */
static size_t shared (const struct features *a, const struct features *b)
{
    size_t count = 0;
    for (size_t i = 0; i < a->count; i++)
        for (size_t k = 0; k < b->count; k++)
            count += a->at[i].key == b->at[k].key;
    return count;
}

static void a_text_is_a_bag (void **state)
{
    struct features features = {0};
    (void) state;
    read_features (&features, "lampu jalan mati, lampu mati", (struct model_facts){0});
    assert_int_equal (count_group (&features, FEATURE_WORD), 3);
    assert_int_equal (count_group (&features, FEATURE_PAIR), 4);
    assert_int_equal (count_group (&features, FEATURE_START), 2); /* lamp, jala */
    assert_int_equal (features.count, 9);
    assert_int_equal (features.at[0].count, 2); /* lampu */
    for (size_t i = 0; i < features.count; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal (features.at[i].key, features.at[k].key);
    features_free (&features);
}

static void facts_stand_beside_words (void **state)
{
    struct features with = {0}, without = {0};
    struct model_facts facts = {.place = view_of ("33.74.01.1001"),
                                .category = view_of ("20"),
                                .latitude = -69000000,
                                .longitude = 1104000000};
    (void) state;
    read_features (&with, "lampu jalan", facts);
    read_features (&without, "lampu jalan", (struct model_facts){0});
    assert_int_equal (count_group (&with, FEATURE_CATEGORY_WORD), 2);
    assert_int_equal (count_group (&with, FEATURE_PLACE_WORD), 2);
    assert_int_equal (count_group (&with, FEATURE_FACT), 1 + 4 * 2);
    assert_int_equal (count_group (&with, FEATURE_CELL), 3 * 2);
    assert_int_equal (shared (&with, &without), without.count);
    features_free (&with);
    features_free (&without);
}

static void near_places_share_features (void **state)
{
    struct features here = {0}, near = {0}, far = {0}, south = {0};
    struct model_facts facts = {
        .place = view_of ("33.74.01.1001"), .latitude = 5000, .longitude = 1};
    (void) state;
    read_features (&here, "", facts);
    facts.place = view_of ("33.74.02");
    facts.latitude = 15000; /* 100 m north: another small cell, the same larger ones */
    read_features (&near, "", facts);
    assert_int_equal (shared (&here, &near), 2 /* 33, 33.74 */ + 2 /* cells */);
    facts.place = view_of ("91.01");
    facts.latitude = 250000;
    read_features (&far, "", facts);
    assert_int_equal (shared (&here, &far), 0);
    facts.place = view_of ("33");
    facts.latitude = -15000; /* across the equator lie other cells */
    read_features (&south, "", facts);
    assert_int_equal (shared (&here, &south), 1);
    features_free (&here);
    features_free (&near);
    features_free (&far);
    features_free (&south);
}

static void long_texts_and_short_ones_take_turns (void **state)
{
    struct features features = {0}, again = {0};
    struct buffer body = {0};
    (void) state;
    for (unsigned i = 0; i < 5000; i++)
        buffer_format (&body, "kata%c%c%c%c ", 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676 % 26,
                       'k');
    buffer_add (&body, "", 1);
    for (unsigned i = 0; i < 3; i++) {
        read_features (&features, body.at, (struct model_facts){.category = view_of ("1")});
        assert_true (features.count > 3 * TEXT_WORDS_MOST);
        read_features (&features, "lampu", (struct model_facts){0});
        read_features (&again, "lampu", (struct model_facts){0});
        assert_int_equal (features.count, again.count);
        assert_memory_equal (features.at, again.at, again.count * sizeof *again.at);
    }
    buffer_free (&body);
    features_free (&features);
    features_free (&again);
}

/* ---- a model made by hand ---------------------------------------------------------------------- */

#define LABELS 3
static const char names[] = "uji-1\0LGT-7\0JALAN\0LAMPU\0SAMPAH";

/* Each of three words speaks for one label; "rusak" for the first two alike. */
static const struct {
    const char *word;
    int8_t weights[LABELS];
} lexicon[] = {{"jalan", {100, -20, -20}},
               {"lampu", {-20, 100, -20}},
               {"sampah", {-20, -20, 100}},
               {"rusak", {50, 50, -50}}};

static uint32_t key_of (const char *word)
{
    struct features features = {0};
    read_features (&features, word, (struct model_facts){0});
    uint32_t key = features.at[0].key;
    features_free (&features);
    return key;
}

static int by_key (const void *a, const void *b)
{
    const struct model_entry *left = a, *right = b;
    return left->key < right->key ? -1 : left->key > right->key;
}

/* Its bytes. */
static void make (struct buffer *out)
{
    static const struct model_knot knots[] = {{20000, 10000}, {40000, 50000}, {65535, 65000}};
    struct model model = {.text = (char *) (uintptr_t) names,
                          .text_len = sizeof names,
                          .label_count = LABELS,
                          .newest = 1700000000000,
                          .steepness = 512,
                          .knots = (struct model_knot *) (uintptr_t) knots,
                          .knot_count = array_len (knots),
                          .biases = (int32_t[]){0, 0, 655},
                          .entry_count = array_len (lexicon)};
    struct model_entry entries[array_len (lexicon)];
    uint16_t labels[LABELS * array_len (lexicon)];
    int8_t weights[LABELS * array_len (lexicon)];
    for (uint32_t i = 0; i < array_len (lexicon); i++)
        entries[i] = (struct model_entry){.key = key_of (lexicon[i].word),
                                          .first = i, /* of the lexicon, until they are sorted */
                                          .count = LABELS,
                                          .rarity = 512,
                                          .shift = 8};
    qsort (entries, array_len (lexicon), sizeof *entries, by_key);
    for (size_t i = 0; i < array_len (labels); i++) {
        labels[i] = (uint16_t) (i % LABELS);
        weights[i] = lexicon[entries[i / LABELS].first].weights[i % LABELS];
    }
    model.entries = entries;
    model.posting_labels = labels;
    model.posting_weights = weights;
    model.posting_count = array_len (labels);
    buffer_clear (out);
    model_compose (&model, out);
}

static struct model *made (void)
{
    struct buffer bytes = {0};
    struct model *model = NULL;
    make (&bytes);
    assert_int_equal (model_parse (bytes.at, bytes.len, &model), 0);
    buffer_free (&bytes);
    return model;
}

/* The labels' first letters, best first. */
static const char *order_of (const struct model *model, const char *body, size_t room,
                             struct model_view *views, float *sure)
{
    static char letters[LABELS + 1];
    struct text text = {0};
    const struct model_facts facts = {0};
    text_read (&text, view_of (""), view_of (body), view_of (""));
    size_t count = model_score (model, &text, &facts, views, room, sure);
    assert_int_equal (count, room < LABELS ? room : LABELS);
    for (size_t i = 0; i < count; i++)
        letters[i] = model_label (model, views[i].label)[0];
    letters[count] = 0;
    text_free (&text);
    return letters;
}

static void words_decide (void **state)
{
    struct model *model = made ();
    struct model_view views[LABELS];
    float sure, less;
    (void) state;
    assert_string_equal (model_name (model), "uji-1");
    assert_int_equal (model_label_count (model), LABELS);
    assert_string_equal (model_label (model, 2), "SAMPAH");
    assert_string_equal (model_label (model, 3), "");
    assert_int_equal (model_newest (model), 1700000000000);
    assert_string_equal (model_newest_id (model), "LGT-7");
    assert_string_equal (order_of (model, "jalan", 1, views, &sure), "J");
    assert_string_equal (order_of (model, "sampah", 1, views, &sure), "S");
    assert_string_equal (order_of (model, "JALAN rusak!", 3, views, &sure), "JLS");
    assert_string_equal (order_of (model, "jalan", 3, views, &sure), "JSL"); /* S by its bias */
    assert_string_equal (order_of (model, "jalan lampu lampu", 2, views, &less), "LJ");
    assert_true (less < sure); /* two speak against each other */
    assert_string_equal (order_of (model, "jalan", 0, views, &sure), "");
    model_free (&model);
    assert_null (model);
}

static void ties_and_strangers (void **state)
{
    struct model *model = made ();
    struct model_view views[LABELS], empty[LABELS];
    float sure, of_empty;
    (void) state;
    /* of equal ones the first: J and L have the same margin to the last bit */
    assert_string_equal (order_of (model, "rusak", 3, views, &sure), "JLS");
    assert_true (views[0].chance == views[1].chance);
    assert_string_equal (order_of (model, "jalan lampu", 3, views, &sure), "JLS");
    assert_true (views[0].chance == views[1].chance);
    /* what it does not know changes nothing: what is left is the bias */
    assert_string_equal (order_of (model, "", 3, empty, &of_empty), "SJL");
    assert_string_equal (order_of (model, "entah apa ini \xf0\x9f\x98\x80", 3, views, &sure),
                         "SJL");
    assert_memory_equal (views, empty, sizeof views);
    assert_true (sure == of_empty);
    model_free (&model);
}

/* Whole numbers: these are the same on every machine, and change only with the format. */
static void margins_are_exact (void **state)
{
    struct model *model = made ();
    struct features features = {0};
    int32_t margins[LABELS];
    uint32_t chances[LABELS], sum = 0;
    (void) state;
    read_features (&features, "jalan rusak", (struct model_facts){0});
    model_margins (model, features.at, features.count, margins);
    /* each word has 65536 / sqrt (2) = 46340; weights are << 8 */
    assert_int_equal (margins[0], (100 + 50) * 256 * 46340 / 65536);
    assert_int_equal (margins[1], (-20 + 50) * 256 * 46340 / 65536);
    assert_int_equal (margins[2], (655 * 65536 - 70 * 256 * INT64_C (46340)) / 65536);
    model_chances (model, margins, chances);
    for (size_t i = 0; i < LABELS; i++) {
        double less = (margins[0] - margins[i]) / 65536.0;
        sum += chances[i];
        assert_true (fabs (chances[i] / (double) chances[0] - exp2 (-2 * less)) < 1e-3);
    }
    assert_in_range (sum, 65536 - LABELS, 65536);
    features_free (&features);
    model_free (&model);
}

static void confidence_follows_its_knots (void **state)
{
    struct model *model = made ();
    (void) state;
    assert_int_equal (model_confidence (model, 0), 10000);
    assert_int_equal (model_confidence (model, 20000), 10000);
    assert_int_equal (model_confidence (model, 30000), 30000);
    assert_int_equal (model_confidence (model, 40000), 50000);
    assert_int_equal (model_confidence (model, 65536), 65000);
    for (uint32_t chance = 1; chance <= 65536; chance++)
        assert_true (model_confidence (model, chance) >= model_confidence (model, chance - 1));
    model_free (&model);
}

/* ---- files ------------------------------------------------------------------------------------- */

static void what_is_read_is_what_was_written (void **state)
{
    struct model *model = made ();
    struct buffer first = {0}, second = {0};
    (void) state;
    make (&first);
    model_compose (model, &second);
    assert_int_equal (first.len, second.len);
    assert_memory_equal (first.at, second.at, first.len);
    buffer_free (&first);
    buffer_free (&second);
    model_free (&model);
}

/* Thousands of refusals are told: not to whoever reads the test. */
static void hush (bool on)
{
    static int kept = -1;
    if (on) {
        kept = dup (STDERR_FILENO);
        assert_non_null (freopen ("/dev/null", "w", stderr));
    } else {
        fflush (stderr);
        dup2 (kept, STDERR_FILENO);
        close (kept);
    }
}

/* In a block of its own, so that reading behind it is seen. */
static int parse_copy (const char *at, size_t len, struct model **ret)
{
    char *copy = xcalloc (len ? len : 1, 1);
    memcpy (copy, at, len);
    hush (true);
    int result = model_parse (copy, len, ret);
    hush (false);
    free (copy);
    return result;
}

static void halves_are_refused (void **state)
{
    struct buffer bytes = {0};
    struct model *model = NULL;
    (void) state;
    make (&bytes);
    buffer_add (&bytes, "x", 1);
    for (size_t len = 0; len <= bytes.len; len++)
        if (len != bytes.len - 1)
            assert_int_equal (parse_copy (bytes.at, len, &model), FAIL_MALFORMED);
    assert_null (model);
    buffer_free (&bytes);
}

static void nonsense_is_refused (void **state)
{
    enum { KNOTS = 40, BIASES = KNOTS + 12, TEXT = BIASES + 12, ENTRIES = TEXT + sizeof names };
    static const struct {
        size_t at;
        char byte;
    } cases[] = {
        {0, 'A'},           /* magic */
        {8, 0},             /* no labels */
        {11, 1},            /* too many */
        {28, 0},            /* steepness 512: {28, 29} */
        {KNOTS + 5, 0},     /* the second chance below the first */
        {KNOTS + 7, 0},     /* its confidence */
        {TEXT + 11, 'x'},   /* one name fewer */
        {TEXT, 0},          /* no name */
        {TEXT + 1, '\xff'}, /* no text */
        {TEXT + sizeof names - 1, 'x'},
        {ENTRIES + 3, '\xff'}, /* the first key behind the second */
        {ENTRIES + 4, 4},      /* more weights than there are */
        {ENTRIES + 7, 0},      /* rarity 0 */
        {ENTRIES + 7, 127},
        {ENTRIES + 8, 16},     /* shift */
        {ENTRIES + 36, 3},     /* a label that it has not */
        {ENTRIES + 36 + 2, 0}, /* a label twice */
    };
    struct buffer bytes = {0};
    struct model *model = NULL;
    (void) state;
    for (size_t i = 0; i < array_len (cases); i++) {
        make (&bytes);
        bytes.at[cases[i].at] = cases[i].byte;
        if (cases[i].at == 28)
            bytes.at[29] = 0;
        assert_int_equal (parse_copy (bytes.at, bytes.len, &model), FAIL_MALFORMED);
    }
    buffer_free (&bytes);
}

/* Whatever byte is wrong: refused, or a model that answers. */
static void wrong_bytes_do_no_harm (void **state)
{
    struct buffer bytes = {0};
    unsigned whole = 0;
    (void) state;
    make (&bytes);
    for (size_t at = 0; at < bytes.len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct model *model = NULL;
            struct model_view views[LABELS];
            float sure;
            bytes.at[at] = (char) (bytes.at[at] ^ 1 << bit);
            if (parse_copy (bytes.at, bytes.len, &model) == 0) {
                order_of (model, "jalan rusak lampu sampah", LABELS, views, &sure);
                assert_true (sure >= 0 && sure <= 1);
                assert_true (views[0].chance >= views[1].chance);
                whole++;
            }
            model_free (&model);
            bytes.at[at] = (char) (bytes.at[at] ^ 1 << bit);
        }
    }
    assert_true (whole > 100);
    buffer_free (&bytes);
}

int main (void)
{
    log_open ("test_model", LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_text_is_a_bag),
        cmocka_unit_test (facts_stand_beside_words),
        cmocka_unit_test (near_places_share_features),
        cmocka_unit_test (long_texts_and_short_ones_take_turns),
        cmocka_unit_test (words_decide),
        cmocka_unit_test (ties_and_strangers),
        cmocka_unit_test (margins_are_exact),
        cmocka_unit_test (confidence_follows_its_knots),
        cmocka_unit_test (what_is_read_is_what_was_written),
        cmocka_unit_test (halves_are_refused),
        cmocka_unit_test (nonsense_is_refused),
        cmocka_unit_test (wrong_bytes_do_no_harm),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

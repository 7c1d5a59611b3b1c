/* feature.h - what the learned model looks at: a text and the facts beside it as a bag of numbered
 * features.  Learner and router call the same code, so they cannot differ.
 *
 * Chosen on the earlier four fifths of two sets of real complaints (29,161 of Budapest, 8,002 of Central
 * Java) by their last fifth; one-vs-rest SVM; standard errors 0.007, 0.006, 0.012; right at first / among
 * the first three:
 *     Budapest, which of 223 authorities: words, pairs, place, category 0.672 / 0.858; category x word
 *       +0.008; place x word +0.001; first letters +0.006 (n-grams of letters +0.007 for three times the
 *       features); cells of three sizes +0.006, of one nothing.
 *     Budapest, which of 14 categories: words and pairs 0.796 / 0.933; first letters 0.819 / 0.946
 *       (n-grams of letters 0.820 / 0.946); place, cells, the title once more: nothing.
 *     Central Java, which of 16 categories: all within the standard error of words and pairs.
 *       First letters tell nothing there, of words that are stemmed already: the learner weighs them by what
 *       later examples say (their whole weight, or 0.4 of it).
 * Without gain: other weights of groups and rarity, features dropped at random, a prior from what became of
 * the neighbourhood's past reports, heavier late examples, category or place x pairs; softmax regression
 * beside the SVM (-0.003 / +0.005).  Two reports of one category, week and 100 m had the same authority in
 * 64 of 100 cases: not much is left to find.
 */
#ifndef ADUAN_FEATURE_H
#define ADUAN_FEATURE_H

#include "text.h"

/* What it looks at beside the text; what is not known is empty or 0. */
struct model_facts {
    struct view place;           /* region code; levels are parted by dots */
    struct view category;        /* number or name, as in the data it learned from */
    int32_t latitude, longitude; /* 1e-7 degree; both 0: not known */
};

/* Each group is scaled by itself, so that none drowns another.
 *           name      weight  by length: its features share one length 1, however many they are */
#define FEATURE_GROUPS(GROUP)                                                                      \
    GROUP (WORD, 1.0, true)          /* words */                                                   \
    GROUP (PAIR, 0.6, true)          /* of neighbours */                                           \
    GROUP (START, 1.0, true)         /* the first 4 and 6 letters of longer words */               \
    GROUP (CATEGORY_WORD, 0.7, true) /* category x word */                                         \
    GROUP (PLACE_WORD, 0.7, true)    /* place, at most its second level, x word */                 \
    GROUP (FACT, 0.4, false)         /* category, each level of the place, and both */             \
    GROUP (CELL, 0.25, false)        /* squares of coordinates, and x category */

enum feature_group {
#define GROUP(name, weight, by_length) FEATURE_##name,
    FEATURE_GROUPS (GROUP)
#undef GROUP
        FEATURE_GROUP_COUNT
};

struct feature {
    uint32_t key;
    uint16_t group;
    uint16_t count; /* how often, at most 65535 */
};

/* Zero-initialised it is empty; reading into it again reuses its memory. */
struct features {
    struct feature *at;
    size_t count, room;
    uint32_t *slots; /* where a key stands in `at`, + 1 */
    size_t slot_mask;
};

/* No key twice; in the order of their first appearance, the same on every machine. */
void features_read (struct features *features, const struct text *text,
                    const struct model_facts *facts);
void features_free (struct features *features);

#endif

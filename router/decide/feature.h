/* feature.h - what the learned model looks at: a text and the facts beside it as a bag of numbered
 * features.  Learner and router call the same code, so they cannot differ.
 *
 * Chosen on the earlier four fifths of the data by their last fifth (29,161 Hungarian and 8,002
 * Indonesian complaints; one-vs-rest SVM; standard error 0.006 and 0.011), top-1 / top-3:
 *     Jarokelo authority: words, pairs, place, category 0.672 / 0.858; category x word +0.006; place x
 *       word +0.002; first letters of words +0.005 (n-grams of letters: the same for three times the
 *       features); cells of coordinates +0.004, of three sizes better than of one.
 *     Jarokelo category: words and pairs 0.796 / 0.932; first letters 0.818 / 0.946; n-grams of letters
 *       0.820 / 0.946; place, cells, the title once more: nothing.
 *     LaporGub category: all within the standard error of words and pairs.
 * Without gain: features dropped at random, a prior of the neighbourhood's past outcomes, stronger
 * weights for late examples, softmax regression beside the SVM.  Two reports of the same category, week
 * and 100 m had the same authority in 64 of 100 cases: not much is left to find.
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
    GROUP (START, 0.7, true)         /* the first 4 and 6 letters of longer words */               \
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

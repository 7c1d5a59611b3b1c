/* slip.c - words in groups of first letter and length; of the three groups that one slip can lead to,
 * a set of letters as bits tells nearly all apart, the few that are left are compared.
 */
#include "slip.h"

#include <stdlib.h>
#include <string.h>

#define LETTERS_LEAST 5
#define LETTERS_MOST  20
/* Short words have too many neighbours: one wrong letter makes another word of them. */
#define WRONG_LEAST 8
#define GROUPS      (26 * (LETTERS_MOST + 3))

struct spelt {
    uint32_t letters; /* bit set: that letter is in it */
    uint32_t value;
    uint16_t group;
    uint8_t len;
    char at[LETTERS_MOST + 1];
};

struct slips {
    struct spelt *words;
    uint32_t count, room;
    uint32_t groups[GROUPS + 1]; /* where each begins in `words` */
};

struct slips *slips_new (void)
{
    return xcalloc (1, sizeof (struct slips));
}

void slips_free (struct slips **held)
{
    if (!*held)
        return;
    free ((*held)->words);
    free (*held);
    *held = NULL;
}

static bool set_word (struct spelt *word, struct view view)
{
    if (view.len < LETTERS_LEAST || view.len > LETTERS_MOST)
        return false;
    *word = (struct spelt){.len = (uint8_t) view.len};
    for (size_t i = 0; i < view.len; i++) {
        if (view.at[i] < 'a' || view.at[i] > 'z')
            return false;
        word->at[i] = view.at[i];
        word->letters |= 1u << (view.at[i] - 'a');
    }
    word->group = (uint16_t) ((view.at[0] - 'a') * (LETTERS_MOST + 3) + (int) view.len);
    return true;
}

void slips_add (struct slips *slips, struct view word, uint32_t value)
{
    struct spelt made;
    if (!set_word (&made, word))
        return;
    made.value = value;
    if (slips->count == slips->room) {
        slips->room = slips->room ? slips->room * 2 : 256;
        slips->words = xrealloc (slips->words, slips->room * sizeof *slips->words);
    }
    slips->words[slips->count++] = made;
}

/* Of the same word the one with a value first. */
static int by_group (const void *a, const void *b)
{
    const struct spelt *one = a, *other = b;
    int order = one->group - other->group;
    if (order == 0)
        order = memcmp (one->at, other->at, one->len);
    return order ? order : (other->value > one->value) - (other->value < one->value);
}

void slips_seal (struct slips *slips)
{
    uint32_t kept = 0;
    if (slips->count)
        qsort (slips->words, slips->count, sizeof *slips->words, by_group);
    for (uint32_t i = 0; i < slips->count; i++)
        if (kept == 0 || strcmp (slips->words[kept - 1].at, slips->words[i].at) != 0)
            slips->words[kept++] = slips->words[i];
    slips->count = kept;
    for (uint32_t i = 0, group = 0; group <= GROUPS; group++) {
        while (i < kept && slips->words[i].group < group)
            i++;
        slips->groups[group] = i;
    }
}

enum { FAR, WRONG, NEAR, SAME };

/* How the written word comes from the known one. */
static int nearness (const struct spelt *written, const struct spelt *known)
{
    const char *a = written->at, *b = known->at;
    size_t at = 0;
    while (a[at] && a[at] == b[at])
        at++;
    if (written->len > known->len)
        return strcmp (a + at + 1, b + at) == 0 ? NEAR : FAR;
    if (written->len < known->len)
        return strcmp (a + at, b + at + 1) == 0 ? NEAR : FAR;
    if (!a[at])
        return SAME;
    if (a[at] == b[at + 1] && a[at + 1] == b[at] && strcmp (a + at + 2, b + at + 2) == 0)
        return NEAR;
    return written->len >= WRONG_LEAST && strcmp (a + at + 1, b + at + 1) == 0 ? WRONG : FAR;
}

/* Of a missing, doubled or wrong letter at most two letters are in one word and not in the other. */
static bool may_be_near (uint32_t letters, uint32_t other)
{
    uint32_t differ = letters ^ other;
    differ &= differ - 1;
    return (differ & (differ - 1)) == 0;
}

uint32_t slips_find (const struct slips *slips, struct view view)
{
    struct spelt written;
    int best = FAR;
    uint32_t value = 0;
    if (!set_word (&written, view))
        return 0;
    uint32_t from = slips->groups[written.group - 1], to = slips->groups[written.group + 2];
    for (uint32_t i = from; i < to; i++) {
        const struct spelt *known = &slips->words[i];
        int near = may_be_near (written.letters, known->letters) ? nearness (&written, known) : FAR;
        if (near == SAME)
            return 0;
        if (near > best) {
            best = near;
            value = known->value;
        } else if (near == best && near != FAR && known->value != value) {
            value = 0;
        }
    }
    return value;
}

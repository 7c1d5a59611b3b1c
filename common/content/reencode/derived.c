/* derived.c - which picture of a HEIC is put together of which (ISO 14496-12, 8.11.12: the box iref).
 *
 * libheif follows these references as it decodes, however deep they are, and one that leads back without end.  So they are looked at first:
 * a telephone's are two deep, a whole of pieces, and its light of pieces. */
#include <stdlib.h>
#include <string.h>
#include "heif.h"

#define DEPTH_MOST 4
#define IDS        65536 /* items of a file whose references have 16 bits; those of 32 are as few */
#define BOX_HEAD   8
#define FULL_HEAD  4 /* version and flags, behind a box's head */

struct span {
    const uint8_t *at;
    size_t len;
};

/* What is put together of others, at each depth: below[0] of any, below[1] of such that are, too ... */
struct derived {
    uint8_t *below[DEPTH_MOST];
    unsigned depth; /* that is being filled */
    bool deep;
};

static uint64_t number (const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

/* The next box of `rest`; false: there is none that is whole. */
static bool box_next (struct span *rest, struct span *ret_inside, char ret_name[4])
{
    size_t head = BOX_HEAD;

    if (rest->len < head)
        return false;
    uint64_t size = number (rest->at, 4);
    memcpy (ret_name, rest->at + 4, 4);
    if (size == 1) {
        head += 8;
        size = rest->len < head ? 0 : number (rest->at + BOX_HEAD, 8);
    } else if (size == 0) {
        size = rest->len;
    }
    if (size < head || size > rest->len)
        return false;
    *ret_inside = (struct span){rest->at + head, (size_t) size - head};
    *rest = (struct span){rest->at + size, rest->len - (size_t) size};
    return true;
}

/* `one` is made of `other`. */
static void reference_take (struct derived *derived, uint64_t one, uint64_t other)
{
    if (one >= IDS || other >= IDS)
        derived->deep = true;
    else if (derived->depth == 0)
        derived->below[0][one] = 1;
    else if (derived->below[derived->depth - 1][other]) {
        if (derived->depth == DEPTH_MOST)
            derived->deep = true;
        else
            derived->below[derived->depth][one] = 1;
    }
}

/* References of one item: what it is derived from, or what it is the transparency of. */
static void references_take (struct derived *derived, const char name[4], struct span inside,
                             unsigned bytes)
{
    bool derives = memcmp (name, "dimg", 4) == 0;

    if ((!derives && memcmp (name, "auxl", 4) != 0) || inside.len < bytes + 2u)
        return;
    uint64_t from = number (inside.at, bytes), count = number (inside.at + bytes, 2);
    const uint8_t *to = inside.at + bytes + 2;
    for (size_t left = inside.len - bytes - 2; count && left >= bytes; count--, left -= bytes) {
        uint64_t other = number (to, bytes);
        reference_take (derived, derives ? from : other, derives ? other : from);
        to += bytes;
    }
}

static void iref_take (struct derived *derived, struct span iref)
{
    struct span inside;
    char name[4];

    if (iref.len < FULL_HEAD)
        return;
    unsigned bytes = iref.at[0] == 0 ? 2 : 4; /* its version */
    iref = (struct span){iref.at + FULL_HEAD, iref.len - FULL_HEAD};
    while (box_next (&iref, &inside, name))
        references_take (derived, name, inside, bytes);
}

static void file_take (struct derived *derived, struct span file)
{
    struct span meta, inside;
    char name[4];

    while (box_next (&file, &meta, name)) {
        if (memcmp (name, "meta", 4) != 0 || meta.len < FULL_HEAD)
            continue;
        meta = (struct span){meta.at + FULL_HEAD, meta.len - FULL_HEAD};
        while (box_next (&meta, &inside, name))
            if (memcmp (name, "iref", 4) == 0)
                iref_take (derived, inside);
    }
}

enum end derived_judge (struct input input)
{
    struct derived derived = {.depth = 0};
    uint8_t *all = calloc (DEPTH_MOST, IDS);

    if (!all)
        return END_MEMORY;
    for (unsigned i = 0; i < DEPTH_MOST; i++)
        derived.below[i] = all + (size_t) i * IDS;
    for (; derived.depth <= DEPTH_MOST && !derived.deep; derived.depth++)
        file_take (&derived, (struct span){input.at, input.len});
    free (all);
    return derived.deep ? END_DAMAGED : END_NONE;
}

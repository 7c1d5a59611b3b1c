/* memo.h - most words of a text were in texts before it.  What follows from a word's spelling is remembered, by
 * each thread, in tables of MEMO_WORDS places that have one word each: the last that came there.
 */
#ifndef ADUAN_MEMO_H
#define ADUAN_MEMO_H

#include "base/base.h"

#define MEMO_WORDS 8192 /* a power of two */

/* Whose memory it is: another one of the same kind does not take it for its own. */
uint64_t memo_owner (void);

/* For a spelling (struct word's form); its place is key % MEMO_WORDS, where key 0 is a free one. */
static inline uint64_t memo_key (uint64_t owner, uint64_t form)
{
    uint64_t key = owner ^ form;
    return key ? key : 1;
}

#endif

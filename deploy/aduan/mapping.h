/* mapping.h - from a record to a submission: which field is what, constants, categories by word.
 *
 *     --map title=judul,text=isi+keterangan,created=tanggal   field=source, sources joined by +
 *     --set channel=import,secret=no                          field=constant
 *     --category-map FILE                                     lines "word<TAB>number" or "word=number"
 *
 * Fields that nothing was said about are taken from the source of their own name, if it is there.
 */
#ifndef ADUAN_MAPPING_H
#define ADUAN_MAPPING_H

#include "base/base.h"
#include "client/aduan.h"
#include "record.h"

enum target {
#define TARGET(name, meaning) TARGET_##name,
#include "target.def"
#undef TARGET
    TARGETS
};

struct mapping;

struct mapping *mapping_new (void);
void mapping_free (struct mapping **mapping);
/* "title=judul,text=isi"; `constant`: of --set.  0, or FAIL_MALFORMED with *ret_problem: the pair that
 * is none (the caller frees it). */
int mapping_say (struct mapping *mapping, const char *pairs, bool constant, char **ret_problem);
/* The names of our fields, commas between them; the caller frees it. */
char *mapping_fields (void);
/* What fills a record's texts by itself, in place of --map; each text as it stands, a NUL behind it, and counted.  0; an enum
 * aduan_reject with *ret_field and *ret_why (both static); MAPPING_SKIP: it is not to be submitted. */
#define MAPPING_SKIP UINT32_MAX
typedef uint32_t mapping_source_fn (void *source, struct record *record, struct buffer *texts,
                                    const char **ret_field, const char **ret_why);
/* `said`: what else decides what comes of a record, for mapping_digest. */
void mapping_source (struct mapping *mapping, mapping_source_fn *fill, void *source,
                     const char *said);
/* A category is one of the map's words: a bare number is another system's, and none of ours. */
void mapping_words_only (struct mapping *mapping);
/* Reads a category map.  0, FAIL_ABSENT or FAIL_MALFORMED with *ret_problem. */
int mapping_categories (struct mapping *mapping, const char *path, char **ret_problem);
/* The first source that --map names and the header lacks; NULL: none. */
const char *mapping_lacks (const struct mapping *mapping, const struct reader *reader);
/* A digest of all that was said: another mapping is another import. */
void mapping_digest (const struct mapping *mapping, uint8_t ret[16]);
/* Words that looked like a category and were in no map. */
uint64_t mapping_unknown (const struct mapping *mapping);

/* A submission with everything that its views point to. */
struct draft {
    struct aduan_submission submission;
    struct aduan_identity identity;
    struct aduan_contact contact;
    char key[129];
    const char *why;              /* of a reject: English, static */
    struct buffer texts[TARGETS]; /* kept: the same draft serves record after record */
};
void draft_free (struct draft *draft);

/* Fills the draft.  0, MAPPING_SKIP, or an enum aduan_reject with *ret_field (static) and draft->why. */
uint32_t mapping_fill (struct mapping *mapping, struct record *record, struct draft *draft,
                       const char **ret_field);

#endif

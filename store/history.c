/* history.c - what was said on a leased complaint: rows of select_history.sql become a frame.
 *
 * The frame is bounded: where the newest entries fill it, older ones are left out and counted.  One text
 * always fits: those of acts are 16 KiB at most, those of reporters 40,000 bytes. */
#include <sodium.h>
#include "array.h"
#include "domain/lifecycle.h"
#include "store.h"

#define ENTRIES_MOST 64 /* as in the statement, and of each list in messages.def */
#define WORDS_MOST   65536

#define FILES_BYTES  10240 /* of all entries, as in messages.def: 5 digests each */

enum { ORDINAL, AT, KIND, AGENCY, CODE, REASON, SUGGESTED, SUGGESTED_CODE, TEXT, ENTRIES, FILES };

/* What of an entry goes into `words`. */
static const int said[] = {CODE, SUGGESTED_CODE, TEXT};

static size_t entry_bytes (const PGresult *rows, int row)
{
    size_t bytes = 0;
    for (size_t i = 0; i < array_len (said); i++)
        bytes += result_view (rows, row, said[i]).len + 1;
    return bytes;
}

/* The act that an event's kind stands for; 0: a reporter's word. */
static int64_t act_of_kind (int64_t kind)
{
    return kind < 30 || kind >= STEP_approve ? kind - 10 : kind < STEP_link ? 0 : kind - 30;
}

static void add_words (const PGresult *rows, int row, struct buffer *words)
{
    for (size_t i = 0; i < array_len (said); i++) {
        struct view view = result_view (rows, row, said[i]);
        buffer_add (words, view.len ? view.at : "", view.len);
        buffer_add (words, "", 1);
    }
}

/* How many files came with an entry; their digests go behind those of the entries before it. */
static uint64_t add_files (const PGresult *rows, int row, struct buffer *digests)
{
    struct view files = result_view (rows, row, FILES);
    if (files.len > FILES_BYTES - digests->len) /* no door takes so many */
        return 0;
    buffer_add (digests, files.len ? files.at : "", files.len);
    return files.len / crypto_generichash_BYTES;
}

bool history_read (const PGresult *rows, int *at, int ordinal, struct msg_history *ret)
{
    static uint64_t times[ENTRIES_MOST], acts[ENTRIES_MOST], kinds[ENTRIES_MOST],
        agencies[ENTRIES_MOST], reasons[ENTRIES_MOST], suggested[ENTRIES_MOST], files[ENTRIES_MOST];
    static struct buffer words, digests; /* all of it lent until the next call */
    int first = *at, end = *at;
    while (end < PQntuples (rows) && result_int (rows, end, ORDINAL) == ordinal)
        end++;
    *at = end;
    if (first == end)
        return false;
    size_t bytes = 0;
    int from = end;
    while (from > first && bytes + entry_bytes (rows, from - 1) <= WORDS_MOST)
        bytes += entry_bytes (rows, --from);
    uint32_t count = 0;
    check (end - from <= ENTRIES_MOST);
    buffer_clear (&words);
    buffer_clear (&digests);
    for (int row = from; row < end; row++, count++) {
        int64_t kind = result_int (rows, row, KIND);
        times[count] = (uint64_t) result_ms (rows, row, AT);
        acts[count] = (uint64_t) act_of_kind (kind);
        kinds[count] = (uint64_t) (acts[count] ? 0 : kind - 30);
        agencies[count] = (uint64_t) result_int (rows, row, AGENCY);
        reasons[count] = (uint64_t) result_int (rows, row, REASON);
        suggested[count] = (uint64_t) result_int (rows, row, SUGGESTED);
        add_words (rows, row, &words);
        files[count] = add_files (rows, row, &digests);
    }
    *ret = (struct msg_history){.omitted = (uint64_t) result_int (rows, first, ENTRIES) - count,
                                .times = {times, count},
                                .acts = {acts, count},
                                .kinds = {kinds, count},
                                .agencies = {agencies, count},
                                .reasons = {reasons, count},
                                .suggested = {suggested, count},
                                .words = {words.at, words.len}};
    if (digests.len) {
        ret->files = (struct wire_list){files, count};
        ret->digests = (struct view){digests.at, digests.len};
    }
    return true;
}

/* official.h - the table *Laporan Ringkas* of SP4N-LAPOR!: how it is written and read (DOMAIN 4.4).  Pure.
 *
 * A block of lines `name;value` stands above the line with the columns' headings.  Headings and words are compared without regard
 * to letter case and white space: official_is.  What the table has no column for stands behind OFFICIAL_EARLIER in a text:
 * what an old system had besides what the reporter wrote.
 */
#ifndef ADUAN_OFFICIAL_H
#define ADUAN_OFFICIAL_H

#include "base/base.h"

/* The official columns, then ours. */
enum official_column {
#define COLUMN(name, kind, key, heading)     OFFICIAL_##name,
#define OWN_COLUMN(name, kind, key, heading) OFFICIAL_##name,
#include "domain/official.def"
    OFFICIAL_COLUMNS
};

/* A body that came from an old system: the reporter's text, this line, `Status: LABEL`, `Alasan: WHY`, and behind OFFICIAL_EDITED what
 * staff there had made of the text.  Each but the first may be missing. */
#define OFFICIAL_EARLIER "\n\n--- Dari sistem lama ---"
#define OFFICIAL_EDITED  "\nIsi Laporan Akhir:\n"

/* Who writes the table, when, of what: the block above it. */
struct official_block {
    const char *agency, *made, *period, *by;
};
/* Appends mark, block and headings; `between` stands between two cells. */
void official_head (struct buffer *out, const struct official_block *block, char between);
/* Appends a line.  `value` gives the text that a row of desk_export has under a key, NULL where it has none. */
typedef const char *official_value_fn (void *row, const char *key);
void official_line (struct buffer *out, official_value_fn *value, void *row, char between);

/* A column's heading. */
const char *official_heading (enum official_column column);
/* The same but for letter case and white space?  White space within counts as one blank. */
bool official_is (struct view said, const char *word);

/* Numbers of the wire: class, channel; 0 where the table's word is none of its words, or empty.  An agency's own page
 * ("Website - NAME") is CHANNEL_AGENCY_PAGE. */
uint32_t official_class (struct view said);
uint32_t official_channel (struct view said);
/* enum state, 0 where it is none. */
unsigned official_state (struct view said);
/* "Anonim", "Rahasia", both or neither: false where there is something else. */
bool official_type (struct view said, bool *ret_anonymous, bool *ret_secret);

#endif

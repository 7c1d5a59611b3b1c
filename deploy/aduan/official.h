/* official.h - the table *Laporan Ringkas* at the command line: out of Aduan, and in (domain/official.h, docs/channels.md). */
#ifndef ADUAN_OFFICIAL_COMMAND_H
#define ADUAN_OFFICIAL_COMMAND_H

#include "cli.h"
#include "record.h"

/* `aduan export official`: writes the table to standard output, in the name of who has logged in here.  0, EX_NOTHING where no complaint
 * is of that time and agency, or an exit status after a complaint. */
int official_export (struct cli *cli);

/* ---- official_import.c: a row of the table as a submission */

struct official;

/* Rows of this run in which something was left open, because the registry has no such name, or two. */
struct official_counts {
    uint64_t categories, agencies, places, classes, channels, types;
};

/* How its headings are found. */
extern const struct headings official_headings;

/* Reads --system and --zone, and the registry's categories.  0, or an exit status after a complaint. */
int official_new (const struct cli *cli, struct official **ret);
void official_free (struct official **official);
/* What was said, for mapping_source; the caller frees it. */
char *official_said (const struct official *official);
/* mapping_source_fn: MAPPING_SKIP for a report that has ended. */
uint32_t official_fill (void *official, struct record *record, struct buffer *texts,
                        const char **ret_field, const char **ret_why);
/* 0; the exit status where aduan-query did not answer, after a complaint: what is filled then has gaps, and is not to be submitted. */
int official_status (const struct official *official);
struct official_counts official_counts (const struct official *official);

#endif

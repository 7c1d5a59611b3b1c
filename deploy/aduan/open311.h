/* open311.h - reports of an Open311 server as records to import: open311_fetch.c asks for them and keeps them in a file of JSON lines,
 * open311_import.c makes a submission of a line (GeoReport v2; docs/channels.md).
 */
#ifndef ADUAN_OPEN311_H
#define ADUAN_OPEN311_H

#include "cli.h"
#include "record.h"

/* Asks the server that --open311 names for what it has got since the last run (a first run: since --since, else for 90 days), and adds
 * what is new to a file of JSON lines.  How far it came is kept beside it, and what was fetched before is not asked for again.  0 and
 * *ret_path (the caller's), also where the server ended half way: then what came is there, after a complaint and with *ret_status. */
int open311_fetch (struct cli *cli, char **ret_path, int *ret_status);

/* From a page, JSON or XML as it came, to an array of objects whose values are texts; NULL: it is no list of requests.  Static *ret_why. */
json_t *open311_read_json (const char *at, size_t len, const char **ret_why);
json_t *open311_read_xml (const char *at, size_t len, const char **ret_why);

/* mapping_source_fn; `source` is a text: the name of the system, which stands before its number. */
uint32_t open311_fill (void *system, struct record *record, struct buffer *texts,
                       const char **ret_field, const char **ret_why);

#endif

/* basis.h - what `aduan rules` decides by: registry, rules and model, from files or as the router on this
 * host keeps them, which are those in force.
 */
#ifndef ADUAN_BASIS_H
#define ADUAN_BASIS_H

#include "cli.h"
#include "decide/decide.h"

/* Whose thresholds these are. */
enum thresholds_of { THRESHOLDS_USUAL, THRESHOLDS_SETTINGS, THRESHOLDS_OPTIONS };

struct basis {
    struct registry *registry;
    struct rules *rules; /* NULL: none in force */
    struct model *model; /* NULL: none in force */
    struct routing routing;
    enum thresholds_of thresholds_of;
};

/* A file that may be a kept snapshot: then its version and what stands behind its first line.  Lives until
 * it is freed. */
struct basis_file {
    char *memory;
    struct view bytes;
    uint64_t version; /* 0: it is no kept snapshot */
};
int basis_read (const char *path, size_t most, struct basis_file *ret);

enum { BASIS_RULES = 1, BASIS_MODEL = 2 };

/* Reads the registry and what else is wanted: of --registry, --rules, --model, else of the router's kept
 * snapshots under the data folder; thresholds of --sure-category and --sure-words, else of the router's
 * section of the settings file.  `rules_path`: instead of --rules; NULL.  0, or an exit status after a
 * complaint; faults of rules are printed. */
int basis_load (const struct cli *cli, unsigned wanted, const char *rules_path, struct basis *ret);
void basis_free (struct basis *basis);
/* Reads rules of a file, or with NULL those in force; *ret is NULL where none are.  As basis_load. */
int basis_rules (const struct cli *cli, const struct registry *registry, const char *path,
                 struct rules **ret, uint64_t *ret_version);
/* The registry's own bytes. */
int basis_registry_file (const struct cli *cli, struct basis_file *ret);
/* {"category": 0.8, "words": 0.55, "of": "settings"} */
json_t *thresholds_json (const struct basis *basis);
/* The same in a line. */
void thresholds_print (const struct cli *cli, const struct basis *basis);

/* Prints them as `path:line: text` on standard output, with --json as objects. */
void put_faults (const struct cli *cli, const char *path, const struct sheet_fault *faults,
                 size_t count);

#endif

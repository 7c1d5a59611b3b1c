/* basis.h - what `aduan rules` decides by: registry, rules and model, from files or as the router on this
 * host keeps them, which are those in force.
 */
#ifndef ADUAN_BASIS_H
#define ADUAN_BASIS_H

#include "cli.h"
#include "decide/decide.h"

struct basis {
    struct registry *registry;
    struct rules *rules; /* NULL: none in force */
    struct model *model; /* NULL: none in force */
    struct routing routing;
};

enum { BASIS_RULES = 1, BASIS_MODEL = 2 };

/* Reads the registry and what else is wanted: of --registry, --rules, --model, else of the router's kept
 * snapshots under the data folder.  `rules_path`: instead of --rules; NULL.  0, or an exit status after a
 * complaint; faults of rules are printed. */
int basis_load (const struct cli *cli, unsigned wanted, const char *rules_path, struct basis *ret);
void basis_free (struct basis *basis);

/* A file that may be a kept snapshot: then its version and what stands behind its first line.  Lives until
 * it is freed. */
struct basis_file {
    char *memory;
    struct view bytes;
    uint64_t version; /* 0: it is no kept snapshot */
};
int basis_read (const char *path, size_t most, struct basis_file *ret);

/* Prints them as `path:line: text` on standard output, with --json as objects. */
void put_faults (const struct cli *cli, const char *path, const struct sheet_fault *faults,
                 size_t count);

#endif

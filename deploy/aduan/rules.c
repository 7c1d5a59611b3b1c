/* rules.c - `aduan rules`: which sub-command, and `check`: what is wrong in a rules file, and which
 * categories nobody is competent for. */
#include <stdlib.h>
#include <string.h>
#include "question.h"
#include "rules.h"

#define REGENCY_LEN 5 /* 33.74 */
#define GAPS_SHOWN  3

const struct option_row rules_options[] = {
    {"rules", 0, OPTION_VALUE, "FILE", TEXT_o_rules},
    {"registry", 0, OPTION_VALUE, "FILE", TEXT_o_registry},
    {"model", 0, OPTION_VALUE, "FILE", TEXT_o_model},
    {"sure-category", 0, OPTION_VALUE, "N", TEXT_o_sure_category},
    {"sure-words", 0, OPTION_VALUE, "N", TEXT_o_sure_words},
    {"scope", 0, OPTION_VALUE, "CODE", TEXT_o_scope},
    {"history", 0, OPTION_VALUE, "FILE", TEXT_o_history},
    {"changed", 0, OPTION_VALUE, "FILE", TEXT_o_changed},
    {"text", 't', OPTION_VALUE, "TEXT", TEXT_o_text},
    {"title", 0, OPTION_VALUE, "TEXT", TEXT_o_title},
    {"location", 0, OPTION_VALUE, "TEXT", TEXT_o_location},
    {"place", 0, OPTION_VALUE, "CODE|NAME", TEXT_o_place_or_name},
    {"category", 0, OPTION_VALUE, "N|NAME", TEXT_o_category_or_name},
    {"class", 0, OPTION_VALUE, "WORD", TEXT_o_class},
    {"channel", 0, OPTION_VALUE, "WORD", TEXT_o_channel},
    {"priority", 0, OPTION_VALUE, "WORD", TEXT_o_priority},
    {"target", 0, OPTION_VALUE, "CODE", TEXT_o_target},
    {"latitude", 0, OPTION_VALUE, "DEGREES", TEXT_o_latitude},
    {"longitude", 0, OPTION_VALUE, "DEGREES", TEXT_o_longitude},
    {"received", 0, OPTION_VALUE, "TIME", TEXT_o_received},
    {"refusers", 0, OPTION_VALUE, "CODES", TEXT_o_refusers},
    {"suggested", 0, OPTION_VALUE, "CODE", TEXT_o_suggested_owner},
    {"out", 0, OPTION_VALUE, "FILE", TEXT_o_out},
    {"report", 0, OPTION_VALUE, "FILE", TEXT_o_report},
    {"held-out", 0, OPTION_VALUE, "SHARE", TEXT_o_held_out},
    {"against", 0, OPTION_VALUE, "FILE", TEXT_o_against},
    {"seed", 0, OPTION_VALUE, "N", TEXT_o_seed},
    {"labels", 0, OPTION_VALUE, "N", TEXT_o_labels},
};
const size_t rules_options_len = array_len (rules_options);

int run_rules (struct cli *cli)
{
    static const struct {
        const char *name;
        int (*run) (struct cli *cli);
        size_t least, most; /* arguments, itself among them */
    } subs[] = {{"check", rules_check_file, 2, 2}, {"test", rules_test, 2, 2},
                {"explain", rules_explain, 1, 1},  {"replay", rules_replay, 1, 1},
                {"learn", rules_learn, 2, 2},      {"score", rules_score, 2, 2},
                {"codes", rules_codes, 1, 2}};
    const struct options *options = &cli->options;
    const char *name = options->argument_count ? options->arguments[0] : "";
    for (size_t i = 0; i < array_len (subs); i++) {
        if (strcmp (name, subs[i].name) != 0)
            continue;
        if (options->argument_count > subs[i].most)
            return complain (EX_USAGE, TEXT_surplus, "argument", options->arguments[subs[i].most],
                             NULL);
        if (options->argument_count < subs[i].least)
            break;
        return subs[i].run (cli);
    }
    return complain (EX_USAGE, TEXT_rules_which, NULL);
}

/* ---- check ----------------------------------------------------------------------------------- */

struct gaps {
    size_t count;
    const char *first[GAPS_SHOWN]; /* regions */
};

static void put_gaps (const struct cli *cli, const struct registry *registry,
                      const struct category *category, const struct gaps *gaps)
{
    struct buffer regions = {0};
    size_t shown = gaps->count < GAPS_SHOWN ? gaps->count : GAPS_SHOWN;
    for (size_t i = 0; i < shown; i++)
        buffer_format (&regions, "%s%s", i ? ", " : "", gaps->first[i]);
    const char *function = registry_function_code (registry, category->function);
    if (cli->json)
        put_line (json_pack ("{s:i, s:s, s:i, s:s}", "category", (int) category->number, "function",
                             function, "regions", (int) gaps->count, "first", regions.at));
    else
        say (stdout, TEXT_rules_gap, "category", category->name, "function", function, "regions",
             regions.at, "count", count_text (gaps->count), NULL);
    buffer_free (&regions);
}

/* Categories x regencies with no competent owner; how many. */
static size_t check_competence (const struct cli *cli, const struct registry *registry)
{
    size_t count = 0;
    for (const struct category *category = registry_category_next (registry, NULL); category;
         category = registry_category_next (registry, category)) {
        struct gaps gaps = {0};
        if (!category->function || category->agency)
            continue;
        for (size_t i = 0; i < registry_region_count (registry); i++) {
            const char *region = registry_region_at (registry, i);
            if (strlen (region) != REGENCY_LEN ||
                registry_competent (registry, category->function, view_of (region),
                                    category->level))
                continue;
            if (gaps.count < GAPS_SHOWN)
                gaps.first[gaps.count] = region;
            gaps.count++;
        }
        if (gaps.count)
            put_gaps (cli, registry, category, &gaps);
        count += gaps.count;
    }
    return count;
}

int rules_check_file (struct cli *cli)
{
    const char *path = cli->options.arguments[1];
    struct sheet_fault *faults = NULL;
    struct rules *rules = NULL;
    struct basis_file file;
    struct basis basis;
    size_t count = 0, errors = 0;
    int status = basis_load (cli, 0, NULL, &basis);
    if (status != 0)
        return status;
    status = basis_read (path, RULES_BYTES_MOST, &file);
    if (status == 0) {
        rules_parse (basis.registry, file.bytes.at, file.bytes.len, &rules, &faults, &count);
        for (size_t i = 0; i < count; i++)
            errors += !faults[i].warning;
        put_faults (cli, path, faults, count);
        size_t gaps = check_competence (cli, basis.registry);
        if (!cli->json)
            say (stdout, TEXT_rules_checked, "rules", count_text (rules ? rules_count (rules) : 0),
                 "errors", count_text (errors), "warnings", count_text (count - errors), "gaps",
                 count_text (gaps), NULL);
        status = errors || gaps ? EX_DATAERR : EX_OK;
    }
    rules_free (&rules);
    free (faults);
    free (file.memory);
    basis_free (&basis);
    return status;
}

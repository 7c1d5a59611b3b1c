/* options.c - the command line against a table: --name VALUE, --name=VALUE, -x VALUE, `--`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "wire/wire.h"

const struct option_row common_options[] = {
    {"config", 'c', OPTION_VALUE, "FILE", TEXT_o_config},
    {"set-option", 'o', OPTION_SEVERAL, "KEY=VALUE", TEXT_o_override},
    {"json", 0, OPTION_FLAG, NULL, TEXT_o_json},
    {"lang", 0, OPTION_VALUE, "id|en", TEXT_o_lang},
    {"help", 'h', OPTION_FLAG, NULL, TEXT_o_help},
};
const size_t common_options_len = array_len (common_options);

static const struct option_row *find_in (const struct option_row *rows, size_t count,
                                         const char *name, size_t len, char letter)
{
    for (size_t i = 0; i < count; i++) {
        bool named = name && strlen (rows[i].name) == len && memcmp (rows[i].name, name, len) == 0;
        if (named || (letter && rows[i].letter == letter))
            return &rows[i];
    }
    return NULL;
}

static void add (struct options *options, const struct option_row *row, const char *value)
{
    options->said = xrealloc (options->said, (options->count + 1) * sizeof *options->said);
    options->said[options->count++] = (struct option_said){row, value};
}

static int read_one (struct options *options, const struct option_row *rows, size_t row_count,
                     int argc, char **argv, int *at)
{
    const char *word = argv[*at], *name = NULL, *value = NULL;
    size_t len = 0;
    char letter = 0;
    if (word[1] == '-') {
        name = word + 2;
        const char *equals = strchr (name, '=');
        len = equals ? (size_t) (equals - name) : strlen (name);
        value = equals ? equals + 1 : NULL;
    } else {
        letter = word[1];
        value = word[2] ? word + 2 : NULL;
    }
    const struct option_row *row = find_in (rows, row_count, name, len, letter);
    if (!row)
        row = find_in (common_options, common_options_len, name, len, letter);
    if (!row)
        return complain (EX_USAGE, TEXT_unknown_option, "option", word, NULL);
    if (row->kind == OPTION_FLAG) {
        if (value && strcmp (value, "yes") != 0 && strcmp (value, "no") != 0)
            return complain (EX_USAGE, TEXT_flag_value, "option", row->name, NULL);
        add (options, row, value ? value : "yes");
        return 0;
    }
    if (!value && *at + 1 < argc)
        value = argv[++*at];
    if (!value)
        return complain (EX_USAGE, TEXT_value_missing, "option", row->name, NULL);
    add (options, row, value);
    return 0;
}

int options_read (struct options *options, const struct option_row *rows, size_t row_count,
                  int argc, char **argv)
{
    bool over = false; /* after `--` */
    options->arguments = xcalloc ((size_t) argc + 1, sizeof *options->arguments);
    for (int i = 0; i < argc; i++) {
        if (!over && strcmp (argv[i], "--") == 0) {
            over = true;
        } else if (over || argv[i][0] != '-' || !argv[i][1]) {
            options->arguments[options->argument_count++] = argv[i];
        } else {
            int result = read_one (options, rows, row_count, argc, argv, &i);
            if (result != 0)
                return result;
        }
    }
    return 0;
}

void options_free (struct options *options)
{
    free (options->said);
    free (options->arguments);
    *options = (struct options){0};
}

const char *option (const struct options *options, const char *name)
{
    for (size_t i = options->count; i > 0; i--)
        if (strcmp (options->said[i - 1].row->name, name) == 0)
            return options->said[i - 1].value;
    return NULL;
}

uint32_t option_flag (const struct options *options, const char *name)
{
    const char *value = option (options, name);
    return !value ? 0 : strcmp (value, "yes") == 0 ? FLAG_YES : FLAG_NO;
}

const char *option_at (const struct options *options, const char *name, size_t at)
{
    for (size_t i = 0; i < options->count; i++)
        if (strcmp (options->said[i].row->name, name) == 0 && at-- == 0)
            return options->said[i].value;
    return NULL;
}

int option_number (const struct options *options, const char *name, int64_t least, int64_t most,
                   int64_t standard, int64_t *ret)
{
    const char *value = option (options, name);
    *ret = standard;
    if (!value)
        return 0;
    char *end, low[24], high[24];
    errno = 0;
    long long number = strtoll (value, &end, 10);
    if (errno == 0 && end != value && !*end && number >= least && number <= most) {
        *ret = number;
        return 0;
    }
    snprintf (low, sizeof low, "%lld", (long long) least);
    snprintf (high, sizeof high, "%lld", (long long) most);
    return complain (EX_USAGE, TEXT_not_a_number, "option", name, "value", value, "least", low,
                     "most", high, NULL);
}

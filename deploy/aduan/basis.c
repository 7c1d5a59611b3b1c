/* basis.c - files and kept snapshots into what decide() looks at. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "basis.h"
#include "wire/wire.h"

#define SNAPSHOT_MOST (64u << 20)
#define DIGEST_LEN    32

/* A kept snapshot (common/daemon/snapshot.h) begins with a line of its own. */
static int take_header (const char *path, struct basis_file *file)
{
    static const char word[] = "aduan-snapshot ";
    const char *end = memchr (file->bytes.at, '\n', file->bytes.len);
    char hex[DIGEST_LEN * 2 + 1];
    unsigned long long version;
    uint8_t digest[DIGEST_LEN], real[DIGEST_LEN];
    if (!end || file->bytes.len < sizeof word ||
        memcmp (file->bytes.at, word, sizeof word - 1) != 0)
        return 0;
    file->bytes.len -= (size_t) (end + 1 - file->bytes.at);
    crypto_generichash (real, DIGEST_LEN, (const uint8_t *) end + 1, file->bytes.len, NULL, 0);
    if (sscanf (file->bytes.at, "aduan-snapshot %llu %64s", &version, hex) != 2 ||
        hex_parse (hex, digest, DIGEST_LEN) != 0 || memcmp (digest, real, DIGEST_LEN) != 0)
        return complain (EX_DATAERR, TEXT_snapshot_damaged, "path", path, NULL);
    file->bytes.at = end + 1;
    file->version = version;
    return 0;
}

int basis_read (const char *path, size_t most, struct basis_file *ret)
{
    *ret = (struct basis_file){0};
    size_t len = 0;
    int result = file_read (path, most + 256, &ret->memory, &len);
    if (result != 0)
        return complain (result == FAIL_TOO_LONG ? EX_DATAERR : EX_NOINPUT, TEXT_cannot_read,
                         "path", path, "why",
                         result == FAIL_IO ? strerror (errno) : fail_text (result), NULL);
    ret->bytes = (struct view){ret->memory, len};
    return take_header (path, ret);
}

/* Where the router keeps what is in force; the caller frees it. */
static char *kept_path (const struct cli *cli, enum snapshot kind)
{
    return xformat ("%s/snapshots/router/%s.snapshot", cli_text (cli, "data"),
                    snapshot_word (kind));
}

/* *ret_path is freed by the caller. */
static int read_one (const struct cli *cli, enum snapshot kind, const char *said, char **ret_path,
                     struct basis_file *ret)
{
    *ret_path = said ? xstrdup (said) : kept_path (cli, kind);
    return basis_read (*ret_path, SNAPSHOT_MOST, ret);
}

int basis_registry_file (const struct cli *cli, struct basis_file *ret)
{
    const char *said = option (&cli->options, "registry");
    char *path;
    int status = read_one (cli, SNAPSHOT_REGISTRY, said, &path, ret);
    free (path);
    if (status == 0 || said)
        return status;
    return complain (status, TEXT_registry_absent, "data", cli_text (cli, "data"), NULL);
}

static int read_registry (const struct cli *cli, struct basis *basis)
{
    struct basis_file file;
    const char *said = option (&cli->options, "registry");
    int status = basis_registry_file (cli, &file);
    if (status == 0 &&
        registry_parse (file.version, file.bytes.at, file.bytes.len, &basis->registry) != 0)
        status = complain (EX_DATAERR, TEXT_registry_faulty, "path",
                           said ? said : cli_text (cli, "data"), NULL);
    free (file.memory);
    return status;
}

/* Not said, and no version was ever loaded: there is none. */
static bool none_in_force (const struct cli *cli, enum snapshot kind, const char *said)
{
    char *path = kept_path (cli, kind);
    bool none = !said && access (path, F_OK) != 0 && errno == ENOENT;
    free (path);
    return none;
}

/* Rules in force are read as the router does: what its registry does not know any more is left out. */
int basis_rules (const struct cli *cli, const struct registry *registry, const char *said,
                 struct rules **ret, uint64_t *ret_version)
{
    struct basis_file file;
    struct sheet_fault *faults = NULL;
    size_t count = 0;
    char *path;
    *ret = NULL;
    *ret_version = 0;
    if (none_in_force (cli, SNAPSHOT_RULES, said))
        return 0;
    int status = read_one (cli, SNAPSHOT_RULES, said, &path, &file);
    if (status == 0 && (said ? rules_parse : rules_read_again) (
                           registry, file.bytes.at, file.bytes.len, ret, &faults, &count) != 0) {
        put_faults (cli, path, faults, count);
        status = complain (EX_DATAERR, TEXT_rules_faulty, "path", path, NULL);
    }
    *ret_version = file.version;
    free (faults);
    free (file.memory);
    free (path);
    return status;
}

static int read_model (const struct cli *cli, struct basis *basis)
{
    const char *said = option (&cli->options, "model");
    struct basis_file file;
    char *path;
    if (none_in_force (cli, SNAPSHOT_MODEL, said))
        return 0;
    int status = read_one (cli, SNAPSHOT_MODEL, said, &path, &file);
    if (status == 0 && model_parse (file.bytes.at, file.bytes.len, &basis->model) != 0)
        status = complain (EX_DATAERR, TEXT_model_faulty, "path", path, NULL);
    basis->routing.model_version = file.version;
    free (file.memory);
    free (path);
    return status;
}

/* One threshold: of --sure-category for sure_category, else of the settings. */
static int read_threshold (const struct cli *cli, const struct settings *settings,
                           const char *setting, struct basis *basis, uint32_t *into)
{
    char name[32];
    int64_t number;
    snprintf (name, sizeof name, "%s", setting);
    *strchr (name, '_') = '-';
    int status =
        option_number (&cli->options, name, 0, 1000, settings_number (settings, setting), &number);
    if (option (&cli->options, name))
        basis->thresholds_of = THRESHOLDS_OPTIONS;
    *into = (uint32_t) number;
    return status;
}

static int read_thresholds (const struct cli *cli, struct basis *basis)
{
    static const struct setting rows[] = {
#define THRESHOLD(field, setting, usual, help)                                                     \
    {#setting, SETTING_NUMBER, #usual, 0, 1000, false, help},
#include "decide/thresholds.def"
    };
    struct settings *settings = NULL;
    int status = 0;
    if (settings_load_some (cli->settings_path, "router", rows, array_len (rows), &settings) != 0)
        return complain (EX_CONFIG, TEXT_settings_faulty, "path", cli->settings_path, NULL);
    basis->thresholds_of = cli->settings_path ? THRESHOLDS_SETTINGS : THRESHOLDS_USUAL;
#define THRESHOLD(field, setting, usual, help)                                                     \
    status = status ? status                                                                       \
                    : read_threshold (cli, settings, #setting, basis,                              \
                                      &basis->routing.thresholds.field);
#include "decide/thresholds.def"
    settings_destroy (&settings);
    return status;
}

json_t *thresholds_json (const struct basis *basis)
{
    static const char *const words[] = {"usual", "settings", "options"};
    const struct thresholds *thresholds = &basis->routing.thresholds;
    return json_pack ("{s:f, s:f, s:s}", "category", thresholds->rung3 / 1000.0, "words",
                      thresholds->rung4 / 1000.0, "of", words[basis->thresholds_of]);
}

void thresholds_print (const struct cli *cli, const struct basis *basis)
{
    static const enum text_key texts[] = {TEXT_thresholds_usual, TEXT_thresholds_settings,
                                          TEXT_thresholds_options};
    const struct thresholds *thresholds = &basis->routing.thresholds;
    say (stdout, texts[basis->thresholds_of], "category", permille_text (thresholds->rung3),
         "words", permille_text (thresholds->rung4), "path",
         cli->settings_path ? cli->settings_path : "", NULL);
}

int basis_load (const struct cli *cli, unsigned wanted, const char *rules_path, struct basis *ret)
{
    *ret = (struct basis){.routing = {.thresholds = thresholds_usual}};
    const char *rules = rules_path ? rules_path : option (&cli->options, "rules");
    int status = read_registry (cli, ret);
    if (status == 0 && (wanted & BASIS_RULES))
        status = read_thresholds (cli, ret);
    if (status == 0 && (wanted & BASIS_RULES))
        status = basis_rules (cli, ret->registry, rules, &ret->rules, &ret->routing.rules_version);
    if (status == 0 && (wanted & BASIS_MODEL))
        status = read_model (cli, ret);
    ret->routing.registry = ret->registry;
    ret->routing.rules = ret->rules;
    ret->routing.model = ret->model;
    if (status != 0)
        basis_free (ret);
    return status;
}

void basis_free (struct basis *basis)
{
    rules_free (&basis->rules);
    model_free (&basis->model);
    registry_destroy (&basis->registry);
}

/* {"value": "HUBB", ...} */
static json_t *values_json (const struct sheet_fault *fault)
{
    json_t *values = json_object ();
    for (const char *name = fault->values; *name;) {
        const char *value = name + strlen (name) + 1;
        json_object_set_new (values, name, json_string (value));
        name = value + strlen (value) + 1;
    }
    return values;
}

void put_faults (const struct cli *cli, const char *path, const struct sheet_fault *faults,
                 size_t count)
{
    struct buffer text = {0};
    for (size_t i = 0; i < count; i++) {
        const struct sheet_fault *fault = &faults[i];
        buffer_clear (&text);
        sheet_fault_say (fault, text_language_now (), &text);
        if (cli->json) {
            json_t *row = json_pack ("{s:s, s:i, s:b, s:s, s:o, s:s%}", "file", path, "line",
                                     (int) fault->line, "warning", fault->warning, "code",
                                     sheet_text_key (fault->what), "values", values_json (fault),
                                     "text", text.at, text.len);
            put_json (row);
            json_decref (row);
        } else {
            printf ("%s:%u: %s%.*s\n", path, fault->line,
                    fault->warning ? text_of (TEXT_warning) : "", (int) text.len, text.at);
        }
    }
    buffer_free (&text);
}

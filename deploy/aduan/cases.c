/* cases.c - `aduan rules test`: complaints with what is expected of them, in the rules file under `cases:`
 * or beside it in NAME.cases.yaml:
 *
 *     cases:
 *       - text: lampu jalan mati sejak kemarin
 *         place: 33.74
 *         expect: {function: HUB, rung: 2, rule: pju-malam, secret: false}
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "decide/sheet.h"
#include "question.h"
#include "rules.h"
#include "wire/wire.h"

#define TEXT_CODE_POINTS 10000

struct testing {
    const struct cli *cli;
    const struct basis *basis;
    const char *path;
    size_t cases, right;
    /* of one case */
    const yaml_node_t *expect;
    struct decision decision;
    bool wrong;
};

/* ---- one expectation ------------------------------------------------------------------------- */

static void differs (struct testing *testing, unsigned line, const char *name, struct view expected,
                     const char *found)
{
    char *wanted = xstrndup (expected.at, expected.len);
    testing->wrong = true;
    if (testing->cli->json) {
        put_line (json_pack ("{s:s, s:i, s:s, s:s, s:s}", "file", testing->path, "line", (int) line,
                             "field", name, "expected", wanted, "found", found));
    } else {
        printf ("%s:%u: ", testing->path, line);
        say (stdout, TEXT_case_differs, "field", name, "expected", wanted, "found", found, NULL);
    }
    free (wanted);
}

/* What the decision has of that name. */
static const char *found_of (const struct testing *testing, const char *name)
{
    static char rung[2];
    const struct decision *decision = &testing->decision;
    const struct registry *registry = testing->basis->registry;
    if (strcmp (name, "agency") == 0)
        return agency_code (registry, decision->agency);
    if (strcmp (name, "function") == 0)
        return registry_function_code (registry, decision->function);
    if (strcmp (name, "priority") == 0)
        return priority_word (decision->priority);
    if (strcmp (name, "class") == 0)
        return class_word (decision->class);
    if (strcmp (name, "place") == 0)
        return decision->region;
    if (strcmp (name, "secret") == 0)
        return decision->secret ? "true" : "false";
    if (strcmp (name, "oversight") == 0)
        return decision->oversight ? "true" : "false";
    rung[0] = (char) ('0' + decision->rung % 10);
    return rung;
}

static void expect_value (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct testing *testing = into;
    struct view expected = sheet_scalar (sheet, node, TEXT_CODE_POINTS);
    const char *name = sheet->key + sizeof "expect." - 1, *found = found_of (testing, name);
    if (expected.len && !view_is (expected, found))
        differs (testing, sheet_line (node), name, expected, found);
}

/* A rule that matched, whether it named the owner or not. */
static void expect_rule (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct testing *testing = into;
    struct view expected = sheet_scalar (sheet, node, TEXT_CODE_POINTS);
    char *name = xstrndup (expected.at, expected.len);
    if (expected.len && !decision_said (&testing->decision, 2, "rule", name) &&
        !decision_said (&testing->decision, 2, "matched", name))
        differs (testing, sheet_line (node), "rule", expected, text_of (TEXT_case_no_such_match));
    free (name);
}

struct expected_list {
    struct testing *testing;
    const uint32_t *agencies;
    const char *name;
    size_t count;
};

/* By the agency's code or its function's. */
static void expect_party (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct expected_list *list = into;
    const struct registry *registry = list->testing->basis->registry;
    struct view code = sheet_scalar (sheet, node, TEXT_CODE_POINTS);
    bool there = false;
    for (size_t i = 0; i < DECIDE_SUPPORTERS && list->agencies[i]; i++) {
        const struct agency *agency = registry_agency (registry, list->agencies[i]);
        there = there ||
                (agency && (view_is (code, agency->code) ||
                            view_is (code, registry_function_code (registry, agency->function))));
    }
    list->count++;
    if (code.len && !there)
        differs (list->testing, sheet_line (node), list->name, code, text_of (TEXT_case_not_there));
}

static void expect_list (struct sheet *sheet, const yaml_node_t *node, struct testing *testing,
                         const char *name, const uint32_t *agencies)
{
    struct expected_list list = {.testing = testing, .agencies = agencies, .name = name};
    const struct registry *registry = testing->basis->registry;
    struct buffer found = {0};
    size_t count = 0;
    bool empty = node->type == YAML_SEQUENCE_NODE &&
                 node->data.sequence.items.start == node->data.sequence.items.top;
    if (!empty)
        sheet_list (sheet, node, DECIDE_SUPPORTERS, expect_party, &list);
    for (; count < DECIDE_SUPPORTERS && agencies[count]; count++)
        buffer_format (&found, "%s%s", count ? ", " : "", agency_code (registry, agencies[count]));
    buffer_add (&found, "", 1);
    if (count > list.count)
        differs (testing, sheet_line (node), name, view_of (text_of (TEXT_case_no_more)), found.at);
    buffer_free (&found);
}

static void expect_copies (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct testing *testing = into;
    expect_list (sheet, node, testing, "copies", testing->decision.copies);
}

static void expect_support (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct testing *testing = into;
    expect_list (sheet, node, testing, "support", testing->decision.supporters);
}

/* ---- one case -------------------------------------------------------------------------------- */

struct fields {
    struct sheet *sheet;
    const yaml_node_t *node;
};

static bool sheet_field (void *from, const char *name, struct view *ret)
{
    struct fields *fields = from;
    const yaml_node_t *node = sheet_find (fields->sheet, fields->node, name);
    if (node)
        *ret = sheet_view (node);
    return node != NULL;
}

static void take_field (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    (void) into;
    (void) sheet_scalar (sheet, node, TEXT_CODE_POINTS);
}

static void take_expect (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    struct testing *testing = into;
    (void) sheet;
    testing->expect = node;
}

static void compare (struct sheet *sheet, struct testing *testing)
{
    static const struct sheet_key keys[] = {
        {"agency", "expect.agency", expect_value},
        {"function", "expect.function", expect_value},
        {"rung", "expect.rung", expect_value},
        {"rule", "expect.rule", expect_rule},
        {"secret", "expect.secret", expect_value},
        {"priority", "expect.priority", expect_value},
        {"oversight", "expect.oversight", expect_value},
        {"class", "expect.class", expect_value},
        {"place", "expect.place", expect_value},
        {"copies", "expect.copies", expect_copies},
        {"support", "expect.support", expect_support},
    };
    sheet->key = "expect";
    sheet_mapping (sheet, testing->expect, keys, array_len (keys), testing);
    sheet->key = NULL;
}

/* What is written wrong would be tested as if nothing stood there. */
static void check_known (struct sheet *sheet, const yaml_node_t *node,
                         const struct registry *registry, const struct question *question)
{
    const char *unknown = question_unknown (registry, question);
    const yaml_node_t *field = unknown ? sheet_find (sheet, node, unknown) : NULL;
    if (!field)
        return;
    struct view value = sheet_view (field);
    sheet->key = unknown;
    sheet_error (sheet, sheet_line (field),
                 strcmp (unknown, "place") == 0 ? SHEET_unknown_region : SHEET_unknown_category,
                 "value", log_text (value.at, value.len < 48 ? value.len : 48), NULL);
    sheet->key = NULL;
}

static void run_case (struct sheet *sheet, const yaml_node_t *node, struct testing *testing)
{
    static const struct sheet_key keys[] = {
        {"text", "text", take_field},           {"title", "title", take_field},
        {"location", "location", take_field},   {"place", "place", take_field},
        {"category", "category", take_field},   {"class", "class", take_field},
        {"channel", "channel", take_field},     {"priority", "priority", take_field},
        {"target", "target", take_field},       {"latitude", "latitude", take_field},
        {"longitude", "longitude", take_field}, {"received", "received", take_field},
        {"refusers", "refusers", take_field},   {"suggested", "suggested", take_field},
        {"note", "note", take_field},           {"expect", "expect", take_expect},
    };
    size_t before = sheet->error_count;
    struct fields fields = {sheet, node};
    struct question question;
    const char *why;
    testing->expect = NULL;
    testing->wrong = false;
    testing->cases++;
    sheet_about (sheet, SHEET_about_case, view_of (sheet_number (testing->cases)));
    sheet->key = NULL;
    sheet_mapping (sheet, node, keys, array_len (keys), testing);
    if (sheet->error_count == before && !testing->expect)
        sheet_error (sheet, sheet_line (node), SHEET_case_expects_nothing, NULL);
    if (sheet->error_count == before &&
        question_read (testing->basis->registry, sheet_field, &fields, &question, &why) != 0)
        sheet_error (sheet, sheet_line (node), SHEET_case_not_understood, "why", why, NULL);
    else if (sheet->error_count == before)
        check_known (sheet, node, testing->basis->registry, &question);
    if (sheet->error_count != before)
        return;
    decide (&testing->basis->routing, &question, &testing->decision);
    compare (sheet, testing);
    testing->right += !testing->wrong && sheet->error_count == before;
}

static void run_cases (struct sheet *sheet, const yaml_node_t *node, void *into)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        sheet_error (sheet, sheet_line (node), SHEET_cases_no_list, NULL);
        return;
    }
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top && !sheet_full (sheet); item++)
        run_case (sheet, sheet_node (sheet, *item), into);
    sheet->about = SHEET_none;
}

/* ---- the files ------------------------------------------------------------------------------- */

static int run_file (struct testing *testing, const char *path, bool beside)
{
    static const struct sheet_key keys[] = {{"cases", "cases", run_cases}};
    struct basis_file file;
    struct sheet sheet = {0};
    int status = basis_read (path, RULES_BYTES_MOST, &file);
    testing->path = path;
    if (status == 0 && sheet_open (&sheet, file.bytes.at, file.bytes.len, RULES_BYTES_MOST) == 0) {
        const yaml_node_t *root = sheet_root (&sheet), *cases = sheet_find (&sheet, root, "cases");
        if (beside)
            sheet_mapping (&sheet, root, keys, array_len (keys), testing);
        else if (cases)
            run_cases (&sheet, cases, testing);
    }
    put_faults (testing->cli, path, sheet.faults, sheet.fault_count);
    if (sheet.error_count)
        status = EX_DATAERR;
    sheet_close (&sheet);
    free (sheet.faults);
    free (file.memory);
    return status;
}

/* rules.yaml -> rules.cases.yaml; the caller frees it. */
static char *path_beside (const char *path)
{
    size_t len = strlen (path);
    if (len > 5 && strcmp (path + len - 5, ".yaml") == 0)
        len -= 5;
    else if (len > 4 && strcmp (path + len - 4, ".yml") == 0)
        len -= 4;
    return xformat ("%.*s.cases.yaml", (int) len, path);
}

int rules_test (struct cli *cli)
{
    const char *path = cli->options.arguments[1];
    struct basis basis;
    struct testing testing = {.cli = cli, .basis = &basis};
    char *beside = path_beside (path);
    int status = basis_load (cli, BASIS_RULES | BASIS_MODEL, path, &basis);
    if (status == 0) {
        status = run_file (&testing, path, false);
        if (access (beside, F_OK) == 0) {
            int more = run_file (&testing, beside, true);
            status = status ? status : more;
        }
        if (testing.cases == 0 && status == 0)
            status = complain (EX_DATAERR, TEXT_cases_none, "path", path, "beside", beside, NULL);
        else if (cli->json)
            put_line (json_pack ("{s:I, s:I, s:o}", "cases", (json_int_t) testing.cases, "right",
                                 (json_int_t) testing.right, "thresholds",
                                 thresholds_json (&basis)));
        else
            say (stdout, TEXT_cases_summed, "right", count_text (testing.right), "count",
                 count_text (testing.cases), NULL);
        if (!cli->json && testing.cases)
            thresholds_print (cli, &basis);
        if (status == 0 && testing.right != testing.cases)
            status = EX_DATAERR;
        basis_free (&basis);
    }
    free (beside);
    return status;
}

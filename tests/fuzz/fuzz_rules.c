/* An operators' rules file, and a match by whatever rules came out of it. */
#include "fuzz.h"
#include "decide/rules.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

static const char registry_text[] =
    "function\t1\tPUPR\tPekerjaan umum\nfunction\t2\tHUB\tPerhubungan\n"
    "agency\t1\tID\t-\troot\t-\t-\tdesk\tMeja\nagency\t2\t33.74/PUPR\t1\tunit\t1\t33.74\t-\tDinas\n"
    "region\t33\t1\tTengah\nregion\t33.74\t2\tKota\ncategory\t1\t-\t1\t-\t-\tJalan\ncategory\t2\t1\t-\t-\t-\tLain\n";

static void match_some (const struct rules *rules)
{
    static const char *const texts[] = {"", "lampu jalan mati, pju", "x a b c 1 jalan jalan"};
    static struct text text;
    struct rules_verdict verdict;
    for (uint32_t i = 0; i < 6; i++) {
        text_read (&text, view_of (""), view_of (texts[i % 3]), view_of (""));
        struct rules_facts facts = {.text = &text,
                                    .class = i,
                                    .channel = i,
                                    .category = i % 3,
                                    .place = view_of (i & 1 ? "33.74" : ""),
                                    .received = (int64_t) i * 300000000000};
        rules_match (rules, &facts, &verdict);
        check (verdict.owner_rule < (int32_t) rules_count (rules));
        check ((verdict.owner_rule >= 0) == (verdict.agency != 0));
        check (verdict.matched_count == 0 || *rules_name (rules, verdict.matched[0]));
        fuzz_planted (verdict.secret && verdict.agency == 2);
    }
}

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    static struct registry *registry;
    struct rules *rules = NULL;
    struct sheet_fault *faults = NULL;
    size_t count = 0, errors = 0;
    if (!registry)
        check (registry_parse (1, registry_text, sizeof registry_text - 1, &registry) == 0);
    int result = rules_parse (registry, (const char *) at, len, &rules, &faults, &count);
    for (size_t i = 0; i < count; i++) {
        check (faults[i].line > 0 && faults[i].text[0]);
        errors += !faults[i].warning;
    }
    check ((result == 0) == (errors == 0) && (result == 0) == (rules != NULL));
    if (rules)
        match_some (rules);
    rules_free (&rules);
    free (faults);
    return 0;
}

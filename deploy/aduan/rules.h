/* rules.h - the sub-commands of `aduan rules`, a file each. */
#ifndef ADUAN_CLI_RULES_H
#define ADUAN_CLI_RULES_H

#include "cli.h"
#include "decide/decide.h"
#include "record.h"

int run_rules (struct cli *cli);
extern const struct option_row rules_options[];
extern const size_t rules_options_len;

/* Each gets the arguments behind its own name in cli->options.arguments + 1. */
int rules_check_file (struct cli *cli); /* rules.c */
int rules_test (struct cli *cli);       /* cases.c */
int rules_explain (struct cli *cli);    /* explain.c */
int rules_replay (struct cli *cli);     /* replay.c */
int rules_learn (struct cli *cli);      /* learn.c */
int rules_score (struct cli *cli);      /* score.c */
int rules_codes (struct cli *cli);      /* codes.c */

/* explain.c: what a record asks; NULL, or what is wrong with it (good until the next call). */
const char *record_question (const struct registry *registry, struct record *record,
                             struct question *ret);

#endif

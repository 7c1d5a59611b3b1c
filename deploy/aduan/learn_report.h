/* learn_report.h - what a learned model is worth, told to people (Markdown) and programs (JSON). */
#ifndef ADUAN_REPORT_H
#define ADUAN_REPORT_H

#include "cli.h"
#include "judge.h"

/* Two models on the same examples. */
struct comparison {
    const char *name; /* of the current one; NULL: there is none */
    size_t count; /* examples that both are judged on: newer than what the current one learned */
    size_t first, three; /* of the current one */
    size_t new_first, new_three;
    size_t won, lost; /* right here and wrong there; the other way round */
    bool better;
    const char *why; /* it is not better; NULL */
};

struct report {
    const struct examples *examples;
    size_t held_from; /* the examples from there on are held out */
    const struct model *model;
    size_t bytes; /* of the model */
    double cost, starts;
    unsigned seed;
    struct score score;
    const struct judgement *verdicts; /* of the held out ones, in any order */
    struct comparison comparison;
};

json_t *report_json (const struct report *report);
/* A few lines. */
void report_say (const struct report *report, FILE *to);
/* The whole, with the tables of labels and of calibration. */
void report_write (const struct report *report, FILE *to);

#endif

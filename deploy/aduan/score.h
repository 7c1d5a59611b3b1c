/* score.h - models as files, and what they say. */
#ifndef ADUAN_SCORE_H
#define ADUAN_SCORE_H

#include "cli.h"
#include "decide/model.h"

/* 0 and *ret, or an exit status after a complaint. */
int model_read (const char *path, struct model **ret);
/* One line of JSON on standard output, numbers to the sixth figure; freed. */
void put_fine (json_t *value);

#endif

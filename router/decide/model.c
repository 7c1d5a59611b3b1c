#include "model.h"
int model_parse (const char *at, size_t len, struct model **ret)
{
    (void) at;
    (void) len;
    (void) ret;
    return FAIL_MALFORMED;
}
void model_free (struct model **m)
{
    *m = NULL;
}
size_t model_label_count (const struct model *m)
{
    (void) m;
    return 0;
}
const char *model_label (const struct model *m, size_t l)
{
    (void) m;
    (void) l;
    return "";
}
const char *model_name (const struct model *m)
{
    (void) m;
    return "";
}
size_t model_score (const struct model *m, const struct text *t, const struct model_facts *f,
                    struct model_view *r, size_t n, float *c)
{
    (void) m;
    (void) t;
    (void) f;
    (void) r;
    (void) n;
    *c = 0;
    return 0;
}

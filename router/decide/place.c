#include "place.h"
#include <stdlib.h>
#include <string.h>
struct gazetteer {
    int x;
};
struct gazetteer *gazetteer_new (const struct place_name *names, size_t count)
{
    (void) names;
    (void) count;
    return xcalloc (1, sizeof (struct gazetteer));
}
void gazetteer_free (struct gazetteer **g)
{
    free (*g);
    *g = NULL;
}
void place_find (const struct gazetteer *g, const struct text *t, struct view within,
                 struct place *ret)
{
    (void) g;
    (void) t;
    memset (ret, 0, sizeof *ret);
    if (within.len < 14)
        memcpy (ret->code, within.at ? within.at : "", within.len);
}

/* merge.c - link, merge and unmerge: acts on two complaints.  Each goes by itself, behind a lock that makes one
 * follow the other (docs/duplicates.md); act.c carries them as all acts. */
#include "array.h"
#include "store.h"

bool merge_is (const struct msg_act *act)
{
    return act->act == ACT_LINK || act->act == ACT_MERGE || act->act == ACT_UNMERGE;
}

static uint64_t fitting (uint64_t number)
{
    return number <= INT32_MAX ? number : 0;
}

void merge_add (struct db_unit *unit, struct store *store, uint64_t principal,
                const struct msg_act *act)
{
    static const char yes = 1, no = 0;
    uint8_t who[8], agency[8], version[8], kind[8], base[8];
    struct db_value values[] = {
        value_int4 (who, (int64_t) fitting (principal)),
        value_id (&act->id),
        value_int4 (agency, (int64_t) fitting (act->agency)),
        value_int8 (version, (int64_t) act->version),
        value_id (&act->key),
        value_int4 (kind, act->act),
        value_view (act_said (act->text)),
        value_id (&act->other),
        value_int8 (base, store->version_base),
        {mutant (version_ignored) ? &yes : &no, 1, true},
        act->session.len ? value_view (act->session) : (struct db_value){0},
    };
    db_add (unit, SQL_lock_merges, NULL, 0);
    db_add (unit, SQL_act_merge, values, array_len (values));
}

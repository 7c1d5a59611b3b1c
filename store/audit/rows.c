/* rows.c - verify, second pass: rows follow from digests, none too many, none too few.
 *
 * Rows of a table and digests of its kind come in the order of their transactions and are compared transaction by
 * transaction; so a part of the record can be verified as well as all of it.
 */
#include "audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK_LEN   8
#define GAPS_SHOWN "10"

/* Events beside what is on record of those whose words were erased: what they were, and what stays of them. */
#define EVENTS                                                                                     \
    "event left join (select complaint_id, principal, act_key, was, stays from erased_event) x "   \
    "using (complaint_id, principal, act_key)"
#define ERASED ", was, stays"

static const struct table {
    enum kind kind;
    const char *name, *columns;
    int count;
    const char *called; /* what a person knows a row by */
} tables[] = {
    {KIND_EVENT, "event",
     "complaint_id, at, act_key, version, principal, agency, kind, number, text, data, tx", 11,
     "format ('event of complaint %s: number %s, kind %s, by principal %s, %s', complaint_id, coalesce (number::text, '-'), kind, principal, at)"},
    {KIND_CHANGE, "change", "change_id, at, principal_id, name, agency_id, subject, old, new, tx",
     9,
     "format ('change %s: %s of %s by person %s, %s', change_id, name, subject, principal_id, at)"},
    {KIND_LOOK, "look", "look_id, complaint_id, at, principal, what, reason, order_key, tx", 8,
     "format ('look %s at complaint %s by person %s, %s', look_id, complaint_id, principal, at)"},
    {KIND_ASK, "identity_ask", "ask_id, complaint_id, at, principal, until, reason, tx", 7,
     "format ('identity_ask %s for complaint %s by person %s, %s', ask_id, complaint_id, principal, at)"},
    {KIND_APPROVAL, "identity_approval", "ask_id, at, principal, tx", 4,
     "format ('identity_approval of %s by person %s, %s', ask_id, principal, at)"},
    {KIND_OPENING, "identity_opening", "ask_id, complaint_id, at, operator, key_id, tx", 6,
     "format ('identity_opening of %s for complaint %s, %s', ask_id, complaint_id, at)"},
    {KIND_ERASED, "erased_event", "complaint_id, principal, act_key, was, stays, tx", 6,
     "format ('erased_event of complaint %s, act %s', complaint_id, act_key)"},
};

struct hash {
    uint8_t at[HASH_LEN];
    bool used;
};

struct digest {
    int64_t number, at, count;
    uint8_t digest[HASH_LEN];
    struct buffer marks;
};

struct group { /* of one transaction */
    int64_t tx;
    struct hash *rows;
    size_t row_count, row_room;
    struct digest *digests;
    size_t digest_count, digest_room;
};

struct pass {
    struct audit *audit;
    const struct table *table;
    struct group group;
    bool row_gone;
};

enum { NUMBER, TX, COUNT, DIGEST, MARKS, AT };

static int compare (const void *a, const void *b)
{
    return memcmp (a, b, HASH_LEN);
}

static void hash_row (const struct stream *rows, int first, int count, uint8_t ret[HASH_LEN])
{
    static struct buffer bytes;
    buffer_clear (&bytes);
    stream_canonical (rows, first, count, &bytes);
    crypto_hash_sha256 (ret, (const uint8_t *) bytes.at, bytes.len);
}

static const char *rows_of (const struct table *table)
{
    return table->kind == KIND_EVENT ? EVENTS : table->name;
}

static const char *more_of (const struct table *table)
{
    return table->kind == KIND_EVENT ? ERASED : "";
}

/* As it was when its digest was made.  Of an event that has lost its words the record of that says it, and what stays of it must be
 * what that record says. */
static void hash_written (struct audit *audit, const struct stream *rows, int first,
                          const struct table *table, uint8_t ret[HASH_LEN])
{
    hash_row (rows, first, table->count, ret);
    if (table->kind != KIND_EVENT)
        return;
    struct view was = stream_view (rows, first + table->count),
                stays = stream_view (rows, first + table->count + 1);
    if (was.len != HASH_LEN || stays.len != HASH_LEN)
        return;
    if (memcmp (stays.at, ret, HASH_LEN) == 0)
        memcpy (ret, was.at, HASH_LEN);
    else
        finding (audit, "row", "an event whose words were erased was changed behind that");
}

/* ---- a transaction --------------------------------------------------------------------------- */

/* Says the rows of this transaction that no digest covers. */
static void name_rows (struct pass *pass, bool changed)
{
    const struct table *table = pass->table;
    struct group *group = &pass->group;
    struct stream rows;
    char *query = xformat ("select %s, %s%s from %s where tx = %" PRId64, table->called,
                           table->columns, more_of (table), rows_of (table), group->tx);
    stream_open (&rows, pass->audit, "named", query);
    while (stream_next (&rows)) {
        struct hash hash;
        hash_written (pass->audit, &rows, 1, table, hash.at);
        struct view called = stream_view (&rows, 0);
        for (size_t i = 0; i < group->row_count; i++)
            if (!group->rows[i].used && memcmp (group->rows[i].at, hash.at, HASH_LEN) == 0)
                finding (pass->audit, "row", "%.*s: %s", (int) called.len, called.at,
                         changed ? "changed, or put in the place of another"
                                 : "added, no digest is of it");
    }
    stream_close (&rows);
    free (query);
}

/* A row with this mark that is not used yet, or NULL; rows are sorted. */
static struct hash *marked (struct group *group, const char *mark)
{
    size_t low = 0, high = group->row_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp (group->rows[middle].at, mark, MARK_LEN) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < group->row_count && memcmp (group->rows[low].at, mark, MARK_LEN) == 0; low++)
        if (!group->rows[low].used)
            return &group->rows[low];
    return NULL;
}

/* How many of its rows are not there as they were. */
static size_t verify_digest (struct pass *pass, const struct digest *digest)
{
    crypto_hash_sha256_state hash;
    uint8_t made[HASH_LEN];
    size_t count = digest->marks.len / MARK_LEN, lacking = 0;
    crypto_hash_sha256_init (&hash);
    for (size_t i = 0; i < count; i++) {
        struct hash *row = marked (&pass->group, digest->marks.at + i * MARK_LEN);
        if (row)
            crypto_hash_sha256_update (&hash, row->at, HASH_LEN);
        if (row)
            row->used = true;
        else
            lacking++;
    }
    crypto_hash_sha256_final (&hash, made);
    if (lacking == 0 &&
        (count != (size_t) digest->count || memcmp (made, digest->digest, HASH_LEN) != 0))
        finding (pass->audit, "digest",
                 "%" PRId64 " of %s is not that of its %" PRId64 " rows in %s: it was changed",
                 digest->number, moment_text (digest->at), digest->count, pass->table->name);
    return lacking;
}

static void verify_group (struct pass *pass)
{
    struct group *group = &pass->group;
    size_t lacking = 0, left = 0;
    pass->audit->rows += group->row_count;
    if (group->row_count)
        qsort (group->rows, group->row_count, sizeof *group->rows, compare);
    for (size_t i = 0; i < group->digest_count; i++) {
        const struct digest *digest = &group->digests[i];
        size_t gone = verify_digest (pass, digest);
        if (gone)
            finding (
                pass->audit, "digest",
                "%" PRId64 " of %s is of %" PRId64 " rows in %s; %zu of them are changed or gone",
                digest->number, moment_text (digest->at), digest->count, pass->table->name, gone);
        lacking += gone;
    }
    for (size_t i = 0; i < group->row_count; i++)
        left += !group->rows[i].used;
    if (left)
        name_rows (pass, left <= lacking);
    pass->row_gone = pass->row_gone || lacking > left;
}

static void add_row (struct audit *audit, struct group *group, const struct stream *rows,
                     const struct table *table)
{
    if (group->row_count == group->row_room) {
        group->row_room = group->row_room ? group->row_room * 2 : 64;
        group->rows = xrealloc (group->rows, group->row_room * sizeof *group->rows);
    }
    struct hash *row = &group->rows[group->row_count++];
    row->used = false;
    hash_written (audit, rows, 0, table, row->at);
}

static void add_digest (struct group *group, const struct stream *digests)
{
    if (group->digest_count == group->digest_room) {
        size_t room = group->digest_room ? group->digest_room * 2 : 4;
        group->digests = xrealloc (group->digests, room * sizeof *group->digests);
        memset (group->digests + group->digest_room, 0,
                (room - group->digest_room) * sizeof *group->digests);
        group->digest_room = room;
    }
    struct digest *digest = &group->digests[group->digest_count++];
    struct view bytes = stream_view (digests, DIGEST), marks = stream_view (digests, MARKS);
    digest->number = stream_int (digests, NUMBER);
    digest->at = stream_int (digests, AT);
    digest->count = stream_int (digests, COUNT);
    memset (digest->digest, 0, HASH_LEN);
    if (bytes.len == HASH_LEN)
        memcpy (digest->digest, bytes.at, HASH_LEN);
    buffer_clear (&digest->marks);
    buffer_add (&digest->marks, marks.at, marks.len);
}

/* ---- a table --------------------------------------------------------------------------------- */

/* Names of removed rows are gone with them; what counts them tells. */
static void name_gaps (struct audit *audit)
{
    PGresult *gaps = audit_query (
        audit,
        "select complaint_id, lacks from ("
        "    select complaint_id, lag (number, 1, 0::smallint) over (partition by complaint_id order by number) + 1 as lacks, number"
        "    from event where number is not null) e where number > lacks "
        "union all select complaint_id, events from complaint c"
        "    where not exists (select from event e where e.complaint_id = c.complaint_id and e.number = c.events) limit " GAPS_SHOWN,
        0, NULL);
    for (int row = 0; row < PQntuples (gaps); row++)
        finding (audit, "row", "event of complaint %s: number %s is gone",
                 PQgetvalue (gaps, row, 0), PQgetvalue (gaps, row, 1));
    PQclear (gaps);
}

static void verify_table (struct audit *audit, const struct table *table)
{
    struct pass pass = {.audit = audit, .table = table};
    struct group *group = &pass.group;
    struct stream rows, digests;
    bool whole = !audit->from && !audit->to;
    char *part =
        whole ? xstrdup (table->kind == KIND_EVENT ? "tx > 0" : "tx >= 0")
              : xformat ("tx between %" PRId64 " and %" PRId64, audit->first_tx, audit->last_tx);
    char *row_query = xformat ("select %s%s from %s where %s order by tx", table->columns,
                               more_of (table), rows_of (table), part);
    char *digest_query =
        xformat ("select digest_id, tx, count, digest, marks, at from audit_digest "
                 "where kind = %d and %s order by tx, digest_id",
                 (int) table->kind, part);
    stream_open (&rows, audit, "table_rows", row_query);
    stream_open (&digests, audit, "table_digests", digest_query);
    int tx_column = table->count - 1;
    bool row = stream_next (&rows), digest = stream_next (&digests);
    while (row || digest) {
        int64_t row_tx = row ? stream_int (&rows, tx_column) : INT64_MAX,
                digest_tx = digest ? stream_int (&digests, TX) : INT64_MAX;
        group->tx = row_tx < digest_tx ? row_tx : digest_tx;
        group->row_count = group->digest_count = 0;
        for (; row && stream_int (&rows, tx_column) == group->tx; row = stream_next (&rows))
            add_row (audit, group, &rows, table);
        for (; digest && stream_int (&digests, TX) == group->tx; digest = stream_next (&digests))
            add_digest (group, &digests);
        verify_group (&pass);
    }
    stream_close (&rows);
    stream_close (&digests);
    if (pass.row_gone && table->kind == KIND_EVENT)
        name_gaps (audit);
    for (size_t i = 0; i < group->digest_room; i++)
        buffer_free (&group->digests[i].marks);
    free (group->digests);
    free (group->rows);
    free (row_query);
    free (digest_query);
    free (part);
}

/* Events of before the audit began have one digest together, in the order of their key. */
static void verify_before (struct audit *audit)
{
    crypto_hash_sha256_state hash;
    uint8_t row[HASH_LEN], made[HASH_LEN], wanted[HASH_LEN];
    struct stream rows;
    int64_t count = 0, said = 0;
    PGresult *digest = audit_query (
        audit,
        "select count, encode (digest, 'hex') from audit_digest where kind = 10 order by digest_id limit 1",
        0, NULL);
    char *query = xformat ("select %s" ERASED " from " EVENTS
                           " where tx = 0 order by complaint_id, principal, act_key",
                           tables[0].columns);
    crypto_hash_sha256_init (&hash);
    stream_open (&rows, audit, "rows_before", query);
    for (; stream_next (&rows); count++) {
        hash_written (audit, &rows, 0, &tables[0], row);
        crypto_hash_sha256_update (&hash, row, HASH_LEN);
    }
    crypto_hash_sha256_final (&hash, made);
    stream_close (&rows);
    if (PQntuples (digest) == 1) {
        said = strtoll (PQgetvalue (digest, 0, 0), NULL, 10);
        (void) hex_parse (PQgetvalue (digest, 0, 1), wanted, HASH_LEN);
    }
    if (said != count)
        finding (audit, "row",
                 "of the events of before the audit began there are %" PRId64 ", not %" PRId64,
                 count, said);
    else if (count > 0 && memcmp (made, wanted, HASH_LEN) != 0)
        finding (audit, "row",
                 "one of the %" PRId64 " events of before the audit began was changed", count);
    audit->rows += (uint64_t) count;
    PQclear (digest);
    free (query);
}

void rows_verify (struct audit *audit)
{
    if (!audit->from && !audit->to)
        verify_before (audit);
    for (size_t i = 0; i < array_len (tables); i++)
        verify_table (audit, &tables[i]);
    PGresult *opaque = audit_query (
        audit, "select count (*) from audit_digest where kind < 10 and tx > 0", 0, NULL);
    audit->opaque = strtoull (PQgetvalue (opaque, 0, 0), NULL, 10);
    PQclear (opaque);
}

/* ---- guards ---------------------------------------------------------------------------------- */

/* Triggers that keep and digest, and rights that nobody should have. */
void guards_verify (struct audit *audit)
{
    struct buffer names = {0};
    buffer_format (&names, "('audit_digest'), ('audit_link'), ('audit_signature')");
    for (size_t i = 0; i < array_len (tables); i++)
        buffer_format (&names, ", ('%s')", tables[i].name);
    char *query = xformat (
        "with kept (name) as (values %.*s) "
        "select name || '_' || suffix || ' is off: rows of ' || name || case suffix when 'kept' then ' can be changed' else ' make no digest' end "
        "from kept, (values ('kept'), ('audited')) s (suffix) "
        "where (suffix = 'kept' or name not like 'audit%%') and not exists ("
        "    select from pg_trigger t where t.tgrelid = name::regclass and t.tgname = name || '_' || suffix and t.tgenabled in ('O', 'A')) "
        "union all "
        "select 'event_words_kept is off: rows of event can be changed' where not exists ("
        "    select from pg_trigger t where t.tgrelid = 'event'::regclass and t.tgname = 'event_words_kept' and t.tgenabled in ('O', 'A')) "
        "union all "
        "select r.rolname || ' may change or remove rows of ' || name from kept, pg_roles r "
        "where r.rolname ~ '^aduan_' and r.rolname not in ('aduan_owner', 'aduan_migrate') "
        "and has_table_privilege (r.rolname, name, 'update, delete, truncate')",
        (int) names.len, names.at);
    PGresult *off = audit_query (audit, query, 0, NULL);
    for (int row = 0; row < PQntuples (off); row++)
        finding (audit, "guard", "%s", PQgetvalue (off, row, 0));
    PQclear (off);
    buffer_free (&names);
    free (query);
}

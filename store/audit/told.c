/* told.c - what was done, to people: whose identity was opened, and all that was done with a case or by a person.
 *
 * One query each.  Words of complaints and texts of events are not shown: what happened, not what was said.
 */
#include "audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static void put_row (const PGresult *rows, int row, bool json)
{
    for (int column = 0; column < PQnfields (rows); column++) {
        const char *value = PQgetvalue (rows, row, column);
        if (json)
            printf ("%s\"%s\": ", column ? ", " : "{", PQfname (rows, column));
        if (json && PQgetisnull (rows, row, column))
            printf ("null");
        else if (json)
            put_json (value);
        else
            printf ("%s%s", column ? "\t" : "", *value ? value : "-");
    }
    printf (json ? "}\n" : "\n");
}

static int put_rows (struct audit *audit, PGresult *rows)
{
    for (int column = 0; !audit->json && column < PQnfields (rows); column++)
        printf ("%s%s", column ? "\t" : "", PQfname (rows, column));
    if (!audit->json)
        putchar ('\n');
    for (int row = 0; row < PQntuples (rows); row++)
        put_row (rows, row, audit->json);
    int status = PQntuples (rows) ? EX_OK : EX_NOINPUT;
    PQclear (rows);
    return status;
}

int identity_print (struct audit *audit)
{
    const char *values[] = {audit->from, audit->to};
    return put_rows (
        audit,
        audit_query (
            audit,
            "select o.at as opened, number_text (c.number) as number, o.complaint_id, pa.name as asked_by, a.at as asked, a.reason,"
            "       pb.name as approved_by, b.at as approved, o.operator, o.key_id as key "
            "from identity_opening o join identity_approval b using (ask_id) join identity_ask a using (ask_id) "
            "join complaint c on c.complaint_id = o.complaint_id "
            "left join principal pa on pa.principal_id = a.principal left join principal pb on pb.principal_id = b.principal "
            "where ($1::timestamptz is null or o.at >= $1) and ($2::timestamptz is null or o.at < $2) order by o.at",
            2, values));
}

/* What was administered: by a person, or of a person, a key, an agency, a case.  Names of different things are told
 * apart by the order; passwords never get into a change, and a template's text is left out. */
#define CHANGES                                                                                    \
    "    union all select h.at, h.name, null, h.principal_id,"                                     \
    "           concat_ws (' ', h.subject, 'agency ' || h.agency_id,"                              \
    "                      nullif (h.old - 'text', '{}')::text,"                                   \
    "                      '-> ' || nullif (h.new - 'text', '{}')::text)"                          \
    "    from change h, whom where h.principal_id = whom.person or h.agency_id = whom.agency"      \
    "       or (h.subject = whom.code and h.name ~ '_(agency|function|connection|competence)$')"   \
    "       or (h.subject = whom.key and h.name ~ '_key$')"                                        \
    "       or (h.subject = whom.number and h.name ~ '(permit|_identity)$')"                       \
    "       or (h.subject = whom.login and h.name !~ '_(agency|key|template)$')"

#define WHOM                                                                                                         \
    "with whom as ("                                                                                                 \
    "    select c.complaint_id as complaint, number_text (c.number) as number, p.principal_id as person, p.login,"   \
    "           case when p.login is null then p.name end as key, a.agency_id as agency, a.code"                     \
    "    from (values (1)) one"                                                                                      \
    "    left join (select complaint_id, number from complaint"                                                      \
    "               where complaint_id::text = lower ($1) or number = number_bits ($1) limit 1) c on true"           \
    "    left join (select principal_id, login, principal.name from principal left join person using (principal_id)" \
    "               where login = lower ($1) or principal.name = $1 limit 1) p on true"                              \
    "    left join agency a on a.code = $1)"

/* Is there anything of this name? */
static bool is_there (struct audit *audit, const char *whom)
{
    PGresult *found = audit_query (
        audit, WHOM " select 1 from whom where num_nonnulls (complaint, person, agency) > 0", 1,
        &whom);
    bool there = PQntuples (found) > 0;
    PQclear (found);
    return there;
}

/* A tracking number or an id is a case, anything else the login of a person, the name of a key, the code of an agency. */
int show_print (struct audit *audit, const char *whom)
{
    const char *values[] = {whom, audit->from, audit->to};
    if (!utf8_valid (whom, strlen (whom)) || !is_there (audit, whom)) {
        fprintf (stderr, "aduan-audit: \"%s\": nobody of this name, no such key, agency or case\n",
                 log_text (whom, strlen (whom)));
        return EX_NOINPUT;
    }
    return put_rows (
        audit,
        audit_query (
            audit,
            WHOM
            ", done as ("
            "    select at, 'event' as what, e.complaint_id, principal, concat_ws (' ', 'kind ' || kind, 'number ' || e.number, 'agency ' || e.agency) as about from event e, whom"
            "    where e.complaint_id = whom.complaint or e.principal = whom.person"
            "    union all select at, 'look', l.complaint_id, principal,"
            "           concat_ws (' ', (array['list', 'case', 'export'])[l.what], reason) from look l, whom"
            "    where l.complaint_id = whom.complaint or l.principal = whom.person"
            "    union all select at, 'identity asked', a.complaint_id, principal, reason from identity_ask a, whom"
            "    where a.complaint_id = whom.complaint or a.principal = whom.person"
            "    union all select b.at, 'identity approved', a.complaint_id, b.principal, 'request ' || ask_id"
            "    from identity_approval b join identity_ask a using (ask_id), whom where a.complaint_id = whom.complaint or b.principal = whom.person"
            "    union all select o.at, 'identity opened', o.complaint_id, null, concat_ws (' ', 'request', ask_id, 'by', operator)"
            "    from identity_opening o join identity_ask a using (ask_id), whom where o.complaint_id = whom.complaint or a.principal = whom.person" CHANGES
            ") select d.at, d.what, number_text (c.number) as number, p.name as who, d.about from done d "
            "left join complaint c on c.complaint_id = d.complaint_id left join principal p on p.principal_id = d.principal "
            "where ($2::timestamptz is null or d.at >= $2) and ($3::timestamptz is null or d.at < $3) order by d.at, d.what",
            3, values));
}

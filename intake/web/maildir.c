/* maildir.c - mails that an MTA has put into a Maildir, one after the other.
 *
 * In new/ lies what is not taken, and in cur/ what is: a mail moves when it is ACCEPTED or will never be, with the flag S (seen) or
 * also F (flagged: somebody should look).  Killed in between, the mail is taken again, and is the same complaint.  What is to be
 * tried again stays, and the folder is left alone until the next look, which begins behind it: a mail that cannot be taken for long
 * holds up nobody's.  When none is left behind it, the oldest has its turn again.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "gateway.h"
#include "mime.h"

#define TAKEN_MOST 1000 /* of one look: others want the thread, too */

struct maildir {
    struct gateways *gateways;
    char *folder;
    int64_t every_ms;
    struct timer *timer;
    /* The mail under way. */
    char *name, *raw;
    char *stayed; /* the last one that did; NULL: none since the oldest was looked for */
    size_t len;
    int fail;
    unsigned taken;
    bool refused; /* the folder cannot be read: said once */
    bool over;    /* closed while a mail is under way: freed with it */
    bool busy;
};

static void maildir_free (struct maildir *maildir)
{
    free (maildir->name);
    free (maildir->raw);
    free (maildir->stayed);
    free (maildir->folder);
    free (maildir);
}

static void rest (struct maildir *maildir)
{
    free (maildir->name);
    free (maildir->raw);
    maildir->name = maildir->raw = NULL;
    maildir->busy = false;
    maildir->taken = 0;
    if (maildir->over)
        maildir_free (maildir);
    else
        reactor_timer_at (maildir->timer, mono_ms () + maildir->every_ms);
}

/* ---- on the thread ------------------------------------------------------------------------------- */

/* The oldest behind `stayed`, by its name, which begins with the time of its arrival; FAIL_ABSENT: there is none. */
static int oldest_find (struct maildir *maildir)
{
    char *path = xformat ("%s/new", maildir->folder);
    DIR *folder = opendir (path);
    const struct dirent *entry;

    free (path);
    if (!folder)
        return FAIL_IO;
    while ((entry = readdir (folder)))
        if (entry->d_name[0] != '.' &&
            (!maildir->stayed || strcmp (entry->d_name, maildir->stayed) > 0) &&
            (!maildir->name || strcmp (entry->d_name, maildir->name) < 0)) {
            free (maildir->name);
            maildir->name = xstrdup (entry->d_name);
        }
    closedir (folder);
    return maildir->name ? 0 : FAIL_ABSENT;
}

static void find_aside (void *job)
{
    struct maildir *maildir = job;
    char *path;

    maildir->fail = oldest_find (maildir);
    if (maildir->fail == FAIL_ABSENT && maildir->stayed) {
        free (maildir->stayed);
        maildir->stayed = NULL;
        maildir->fail = oldest_find (maildir);
    }
    if (maildir->fail)
        return;
    path = xformat ("%s/new/%s", maildir->folder, maildir->name);
    maildir->fail = file_read (path, MAIL_MOST, &maildir->raw, &maildir->len);
    free (path);
}

/* Out of new/: it was taken, or, of `flagged`, never will be. */
static bool set_aside (struct maildir *maildir, bool flagged)
{
    char *from = xformat ("%s/new/%s", maildir->folder, maildir->name);
    char *to = xformat ("%s/cur/%.*s:2,%s", maildir->folder, (int) strcspn (maildir->name, ":"),
                        maildir->name, flagged ? "FS" : "S");
    bool moved = rename (from, to) == 0;

    if (!moved && errno != ENOENT)
        log_limited (
            LOG_ERROR,
            "web.maildir: a mail cannot be moved to %s/cur: %s; it would be taken again and again, "
            "and is left",
            maildir->folder, strerrordesc_np (errno));
    free (from);
    free (to);
    return moved || errno == ENOENT;
}

/* ---- on the reactor ------------------------------------------------------------------------------ */

static void look (struct maildir *maildir);

static void next (struct maildir *maildir)
{
    free (maildir->name);
    free (maildir->raw);
    maildir->name = maildir->raw = NULL;
    if (maildir->over || ++maildir->taken == TAKEN_MOST)
        rest (maildir);
    else
        look (maildir);
}

/* It is tried again when those behind it had their turn. */
static void stay (struct maildir *maildir)
{
    free (maildir->stayed);
    maildir->stayed = maildir->name;
    maildir->name = NULL;
    rest (maildir);
}

static void on_taken (void *with, enum mail_end end, const char *number)
{
    struct maildir *maildir = with;

    (void) number;
    if (end == MAIL_LATER || !set_aside (maildir, end == MAIL_REFUSED))
        stay (maildir);
    else
        next (maildir);
}

static void folder_refuses (struct maildir *maildir, bool refuses)
{
    if (refuses != maildir->refused && refuses)
        log_error ("web.maildir: %s/new cannot be read: mails in it wait", maildir->folder);
    else if (refuses != maildir->refused)
        log_info ("web.maildir: %s/new is read again", maildir->folder);
    maildir->refused = refuses;
}

static void on_found (void *job, bool worked)
{
    struct maildir *maildir = job;

    if (worked)
        folder_refuses (maildir, !maildir->name && maildir->fail != FAIL_ABSENT);
    if (worked && maildir->fail == FAIL_TOO_LONG && set_aside (maildir, true))
        next (maildir);
    else if (worked && maildir->fail && maildir->name)
        stay (maildir);
    else if (!worked || maildir->fail || maildir->over)
        rest (maildir);
    else
        mail_take (maildir->gateways, (struct view){maildir->raw, maildir->len}, on_taken, maildir);
}

static void look (struct maildir *maildir)
{
    maildir->busy = true;
    if (!aside_do (maildir->gateways->reading, find_aside, on_found, maildir))
        rest (maildir);
}

static void at_look (void *owner)
{
    struct maildir *maildir = owner;
    if (!maildir->busy)
        look (maildir);
}

int maildir_open (struct gateways *gateways, const char *folder, int64_t every_ms)
{
    struct maildir *maildir;
    char *cur;

    if (!*folder)
        return 0;
    cur = xformat ("%s/cur", folder);
    if (access (cur, W_OK) != 0) {
        log_error (
            "web.maildir: %s: %s; it must be a Maildir (new, cur, tmp) in which this program may move mails",
            cur, strerrordesc_np (errno));
        free (cur);
        return EX_CONFIG;
    }
    free (cur);
    maildir = gateways->maildir = xcalloc (1, sizeof *maildir);
    maildir->gateways = gateways;
    maildir->folder = xstrdup (folder);
    maildir->every_ms = every_ms;
    maildir->timer =
        reactor_timer (gateways->web->reactor, mono_ms () + every_ms, at_look, maildir);
    return 0;
}

void maildir_close (struct gateways *gateways)
{
    struct maildir *maildir = gateways->maildir;

    if (!maildir)
        return;
    gateways->maildir = NULL;
    reactor_timer_forget (&maildir->timer);
    if (maildir->busy)
        maildir->over = true;
    else
        maildir_free (maildir);
}

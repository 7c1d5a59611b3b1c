/* main.c - the command `aduan`: the table of commands, help in two languages, bash completion. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "cli.h"
#include "rules.h"

const struct command commands[] = {
    {"submit", "[--text TEXT | --text-file FILE] [...]", TEXT_submit_summary, TEXT_submit_more,
     submit_options, 0, run_submit, false},
    {"import", "FILE [--map FIELD=SOURCE,...] [...]", TEXT_import_summary, TEXT_import_more,
     import_options, 0, run_import, false},
    {"track", "NUMBER", TEXT_track_summary, TEXT_track_more, NULL, 0, run_track, false},
    {"duplicates", "NUMBER [--agency CODE]", TEXT_duplicates_summary, TEXT_duplicates_more,
     duplicates_options, 0, run_duplicates, false},
    {"queue", "[AGENCY] [--watch N]", TEXT_queue_summary, TEXT_queue_more, queue_options, 0,
     run_queue, false},
    {"work", "--agency CODE [--exec COMMAND | --answer TEXT] [...]", TEXT_work_summary,
     TEXT_work_more, work_options, 0, run_work, false},
    {"act", "ID|NUMBER --agency CODE [--version V] ACT [...]", TEXT_act_summary, TEXT_act_more,
     act_options, 0, run_act, false},
    {"admin", "login LOGIN | WHAT [...] | ORDER NAME=VALUE ...", TEXT_admin_summary,
     TEXT_admin_more, admin_options, 0, run_admin, false},
    {"webhook", "list [NAME] | test N | replay N FROM | pause N | resume N", TEXT_webhook_summary,
     TEXT_webhook_more, admin_options, 0, run_webhook, false},
    {"report", "refusals [--since DAY] | retention --dry-run", TEXT_report_summary,
     TEXT_report_more, report_options, 0, run_report, false},
    {"notice", "list [--parked | --number NUMBER] | retry NUMBER[/EVENT] | retry --all",
     TEXT_notice_summary, TEXT_notice_more, notice_options, 0, run_notice, false},
    {"export", "official [...] | examples|decisions [--hidden]", TEXT_export_summary,
     TEXT_export_more, export_options, 0, run_export, false},
    {"deadline", "START LIMIT | -", TEXT_deadline_summary, TEXT_deadline_more, deadline_options, 0,
     run_deadline, false},
    {"calendar", "list | show [VERSION] | diff A [B]", TEXT_calendar_summary, TEXT_calendar_more,
     NULL, 0, run_calendar, false},
    {"ask", "QUERY [ARGUMENT]...", TEXT_ask_summary, TEXT_ask_more, NULL, 0, run_ask, false},
    {"show", "PROGRAM [PAGE]", TEXT_show_summary, TEXT_show_more, NULL, 0, run_show, false},
    {"spool", "stat|list|replay|verify|salvage [...]", TEXT_spool_summary, TEXT_spool_more, NULL, 0,
     run_spool, true},
    {"audit", "verify|head|identity|show [...]", TEXT_audit_summary, TEXT_audit_more, NULL, 0,
     run_audit, true},
    {"identity", "keygen|open [...]", TEXT_identity_summary, TEXT_identity_more, NULL, 0,
     run_identity, true},
    {"rules",
     "check FILE | test FILE | explain [...] | replay --history FILE | learn FILE --out MODEL | score MODEL | codes [WORD]",
     TEXT_rules_summary, TEXT_rules_more, rules_options, 0, run_rules, false},
    {"keygen", "FILE [--seal | --id | --audit]", TEXT_keygen_summary, TEXT_keygen_more,
     keygen_options, 0, run_keygen, false},
    {"conformance", "URL --secret-file FILE | URL --token-file FILE", TEXT_conformance_summary,
     TEXT_conformance_more, conformance_options, 0, run_conformance, false},
    {"completion", "bash", TEXT_completion_summary, TEXT_completion_more, NULL, 0, run_completion,
     false},
    {"help", "[COMMAND | exit]", TEXT_help_summary, TEXT_help_more, NULL, 0, run_help, false},
};
const size_t commands_len = array_len (commands);

/* The lengths of tables in other files are not constants here. */
static size_t rows_of (const struct command *command)
{
    const struct {
        const struct option_row *rows;
        size_t len;
    } tables[] = {
        {submit_options, submit_options_len},
        {import_options, import_options_len},
        {queue_options, queue_options_len},
        {work_options, work_options_len},
        {act_options, act_options_len},
        {keygen_options, keygen_options_len},
        {duplicates_options, duplicates_options_len},
        {rules_options, rules_options_len},
        {report_options, report_options_len},
        {export_options, export_options_len},
        {deadline_options, deadline_options_len},
        {admin_options, admin_options_len},
        {notice_options, notice_options_len},
        {conformance_options, conformance_options_len},
    };
    for (size_t i = 0; i < array_len (tables); i++)
        if (tables[i].rows == command->rows)
            return tables[i].len;
    return 0;
}

static const struct command *command_find (const char *name)
{
    for (size_t i = 0; i < commands_len; i++)
        if (strcmp (commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* ---- help ------------------------------------------------------------------------------------ */

static void help_exit (FILE *to)
{
    static const struct {
        int status;
        enum text_key meaning;
    } rows[] = {
        {EX_OK, TEXT_exit_0},        {EX_NOTHING, TEXT_exit_1},    {EX_USAGE, TEXT_exit_64},
        {EX_DATAERR, TEXT_exit_65},  {EX_NOINPUT, TEXT_exit_66},   {EX_UNAVAILABLE, TEXT_exit_69},
        {EX_SOFTWARE, TEXT_exit_70}, {EX_CANTCREAT, TEXT_exit_73}, {EX_IOERR, TEXT_exit_74},
        {EX_TEMPFAIL, TEXT_exit_75}, {EX_NOPERM, TEXT_exit_77},    {EX_CONFIG, TEXT_exit_78},
    };
    fprintf (to, "%s\n", text_of (TEXT_exit_head));
    for (size_t i = 0; i < array_len (rows); i++)
        fprintf (to, "  %3d  %s\n", rows[i].status, text_of (rows[i].meaning));
}

/* `without`: the name of a row that is left out, or NULL. */
static void help_rows (const struct option_row *rows, size_t count, const char *without, FILE *to)
{
    for (size_t i = 0; i < count; i++) {
        if (without && strcmp (rows[i].name, without) == 0)
            continue;
        char left[64];
        snprintf (left, sizeof left, "%s%c%s --%s%s%s", rows[i].letter ? "-" : " ",
                  rows[i].letter ? rows[i].letter : ' ', rows[i].letter ? "," : " ", rows[i].name,
                  rows[i].value ? " " : "", rows[i].value ? rows[i].value : "");
        const char *text = text_of (rows[i].help);
        if (strlen (left) > 30)
            fprintf (to, "  %s\n%33s", left, "");
        else
            fprintf (to, "  %-31s", left);
        for (; *text; text++) {
            fputc (*text, to);
            if (*text == '\n')
                fprintf (to, "%33s", "");
        }
        fputc ('\n', to);
    }
}

void help_command (const struct command *command, FILE *to)
{
    fprintf (to, "%s: aduan %s %s\n\n%s\n", text_of (TEXT_usage), command->name, command->usage,
             text_of (command->summary));
    if (*text_of (command->more))
        fprintf (to, "\n%s\n", text_of (command->more));
    if (command->run == run_admin)
        help_admin (to);
    fprintf (to, "\n%s\n", text_of (TEXT_options));
    help_rows (command->rows, rows_of (command), NULL, to);
    /* another program has settings of its own section */
    help_rows (common_options, common_options_len, command->raw ? "set-option" : NULL, to);
    fputc ('\n', to);
    help_exit (to);
}

static void help_all (FILE *to)
{
    fprintf (to, "%s\n\n%s\n\n", text_of (TEXT_usage_all), text_of (TEXT_aduan_summary));
    for (size_t i = 0; i < commands_len; i++)
        fprintf (to, "  %-11s %s\n", commands[i].name, text_of (commands[i].summary));
    fprintf (to, "\n%s\n\n", text_of (TEXT_aduan_more));
    help_exit (to);
}

int run_help (struct cli *cli)
{
    if (cli->options.argument_count == 0) {
        help_all (stdout);
        return EX_OK;
    }
    if (cli->options.argument_count > 1)
        return complain (EX_USAGE, TEXT_surplus, "argument", cli->options.arguments[1], NULL);
    const char *about = cli->options.arguments[0];
    const struct command *command = command_find (about);
    if (strcmp (about, "exit") == 0)
        help_exit (stdout);
    else if (command)
        help_command (command, stdout);
    else
        return complain (EX_USAGE, TEXT_unknown_command, "command", about, NULL);
    return EX_OK;
}

/* ---- completion ------------------------------------------------------------------------------ */

static void complete_rows (const struct option_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf (" --%s", rows[i].name);
}

int run_completion (struct cli *cli)
{
    if (cli->options.argument_count != 1 || strcmp (cli->options.arguments[0], "bash") != 0)
        return complain (EX_USAGE, TEXT_completion_which, NULL);
    printf ("# bash completion of aduan: eval \"$(aduan completion bash)\"\n"
            "_aduan () {\n"
            "    local word=${COMP_WORDS[COMP_CWORD]} words=\n"
            "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
            "        words=\"");
    for (size_t i = 0; i < commands_len; i++)
        printf ("%s%s", i ? " " : "", commands[i].name);
    printf ("\"\n    else\n        case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < commands_len; i++) {
        printf ("        %s) words=\"", commands[i].name);
        if (strcmp (commands[i].name, "help") == 0)
            for (size_t c = 0; c < commands_len; c++)
                printf ("%s ", commands[c].name);
        if (strcmp (commands[i].name, "calendar") == 0)
            printf ("list show diff");
        if (commands[i].run == run_admin)
            complete_admin (stdout);
        if (commands[i].run == run_webhook)
            printf ("list test replay pause resume ");
        if (strcmp (commands[i].name, "rules") == 0)
            printf ("check test explain replay learn score codes");
        if (strcmp (commands[i].name, "spool") == 0)
            printf ("stat list replay verify salvage");
        else if (strcmp (commands[i].name, "audit") == 0)
            printf ("verify head identity show");
        else if (strcmp (commands[i].name, "identity") == 0)
            printf ("keygen open");
        else if (strcmp (commands[i].name, "show") == 0)
            printf ("intake router store query notifier metrics settings links");
        else
            complete_rows (commands[i].rows, rows_of (&commands[i]));
        complete_rows (common_options, common_options_len);
        printf ("\" ;;\n");
    }
    printf ("        esac\n    fi\n"
            "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
            "    case $word in\n    -*) ;;\n"
            "    *) [ \"$COMP_CWORD\" -gt 1 ] && COMPREPLY+=($(compgen -f -- \"$word\")) ;;\n"
            "    esac\n}\n"
            "complete -F _aduan aduan\n");
    return EX_OK;
}

/* ---- the life -------------------------------------------------------------------------------- */

/* The language must be known before the first complaint, so it is looked for before all else. */
static void choose_language (int argc, char **argv)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    const char *word = NULL;
    for (size_t i = 0; i < array_len (names) && !(word && *word); i++)
        word = getenv (names[i]);
    for (int i = 1; i < argc && strcmp (argv[i], "--") != 0; i++) {
        if (strncmp (argv[i], "--lang=", 7) == 0)
            word = argv[i] + 7;
        else if (strcmp (argv[i], "--lang") == 0 && i + 1 < argc)
            word = argv[i + 1];
    }
    text_language (word);
}

static int run (struct cli *cli, int argc, char **argv)
{
    const struct command *command = cli->command;
    if (command->raw) { /* what follows is another program's */
        for (int i = 0; i < argc; i++)
            if (strcmp (argv[i], "--help") == 0 || strcmp (argv[i], "-h") == 0) {
                help_command (command, stdout);
                return EX_OK;
            }
        cli->options.arguments = xcalloc ((size_t) argc + 1, sizeof *argv);
        memcpy (cli->options.arguments, argv, (size_t) argc * sizeof *argv);
        cli->options.argument_count = (size_t) argc;
    } else {
        int status = options_read (&cli->options, command->rows, rows_of (command), argc, argv);
        if (status != 0) {
            say (stderr, TEXT_see_help, "command", command->name, NULL);
            return status;
        }
        if (option_flag (&cli->options, "help")) {
            help_command (command, stdout);
            return EX_OK;
        }
        cli->json = option_flag (&cli->options, "json") == ADUAN_FLAG_YES;
    }
    bool needs_settings =
        command->run != run_help && command->run != run_completion && command->run != run_keygen;
    int status = needs_settings ? cli_settings (cli) : 0;
    return status == 0 ? command->run (cli) : status;
}

/* Options may stand in front of the command, too: they are moved behind it.  The command's place in
 * `words`, whose first `count` entries are in the new order. */
static int command_first (int argc, char **argv, char **words)
{
    static const char *const valued[] = {"-c", "-o", "--config", "--set-option", "--lang"};
    int at = 1, count = 0;
    while (at < argc && argv[at][0] == '-' && strcmp (argv[at], "--help") != 0 &&
           strcmp (argv[at], "-h") != 0 && strcmp (argv[at], "--version") != 0) {
        bool takes_value = false;
        for (size_t i = 0; i < array_len (valued); i++)
            takes_value = takes_value || strcmp (argv[at], valued[i]) == 0;
        at += takes_value ? 2 : 1;
    }
    if (at >= argc)
        return 0;
    words[count++] = argv[at];
    for (int i = 1; i < at; i++)
        words[count++] = argv[i];
    for (int i = at + 1; i < argc; i++)
        words[count++] = argv[i];
    return count;
}

/* Whoever reads us must not take half for all: not even where what failed was written before, and not now. */
static int whole_output (int status)
{
    bool fails = fflush (stdout) != 0, silent = !fails || errno == EPIPE;
    if ((!fails && !ferror (stdout)) || status != EX_OK)
        return status;
    return silent ? EX_IOERR
                  : complain (EX_IOERR, TEXT_cannot_write, "path", "stdout", "why",
                              strerror (errno), NULL);
}

int main (int argc, char **argv)
{
    struct cli cli = {0};
    setlocale (LC_CTYPE, "");
    signal (SIGPIPE, SIG_IGN);
    log_open ("aduan", LOG_ERROR);
    choose_language (argc, argv);
    char **words = xcalloc ((size_t) argc + 1, sizeof *words);
    int count = command_first (argc, argv, words), status;
    const char *name = count ? words[0] : "";
    if (strcmp (name, "--help") == 0 || strcmp (name, "-h") == 0)
        name = "help";
    cli.command = command_find (name);
    if (strcmp (name, "--version") == 0) {
        printf ("aduan %s\n", ADUAN_VERSION);
        status = EX_OK;
    } else if (!*name) {
        help_all (stderr);
        status = EX_USAGE;
    } else if (!cli.command) {
        status = complain (EX_USAGE, TEXT_unknown_command, "command", name, NULL);
    } else {
        status = run (&cli, count - 1, words + 1);
    }
    status = whole_output (status);
    options_free (&cli.options);
    settings_destroy (&cli.settings);
    free (cli.settings_path);
    free (words);
    return status;
}

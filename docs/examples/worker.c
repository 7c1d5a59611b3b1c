/* worker.c - the smallest agency worker: pulls, answers, stops in time.
 *
 *     worker tcp://127.0.0.1:8314 keys/router.pub keys/worker-desk.key AGENCY_NUMBER
 */
#include <aduan.h>
#include <stdio.h>
#include <stdlib.h>

static void work_on (struct aduan *aduan, const struct aduan_assignment *assignment)
{
    struct aduan_act act;
    struct aduan_acted result;
    printf ("%s: %s\n", assignment->number, assignment->text ? assignment->text : "");
    if (aduan_lease_left (assignment) == 0)
        return;                      /* too late: somebody else may have it by now */
    aduan_act_on (assignment, &act); /* id, agency, version, and a key of its own */
    act.act = ADUAN_ACT_ANSWER;
    act.text = "Terima kasih, laporan Anda sudah kami tangani.";
    switch (aduan_act (aduan, &act, 30000, &result)) {
    case ADUAN_DONE: printf ("%s: answered\n", assignment->number); break;
    case ADUAN_STALE: printf ("%s: no longer ours\n", assignment->number); break;
    default: printf ("%s: %s\n", assignment->number, aduan_result_word (result.result)); break;
    }
}

int main (int argc, char **argv)
{
    struct aduan *aduan;
    struct aduan_assignment *list;
    struct aduan_pulled pulled;
    if (argc != 5)
        return 64;
    uint32_t agency = (uint32_t) strtoul (argv[4], NULL, 10);
    struct aduan_options options = {
        .name = "desk", .router = argv[1], .router_key = argv[2], .key_file = argv[3]};
    if (aduan_open (&options, &aduan) != 0) {
        fprintf (stderr, "%s\n", aduan_problem ());
        return 78;
    }
    struct aduan_pull pull = {
        .agencies = &agency, .agency_count = 1, .count = 8, .wait_ms = 1000, .lease_ms = 60000};
    do { /* until there is no more work */
        aduan_pull (aduan, &pull, 30000, &list, &pulled);
        for (uint32_t i = 0; i < pulled.count; i++)
            work_on (aduan, &list[i]);
        aduan_assignments_free (&list, pulled.count);
    } while (pulled.count);
    aduan_close (&aduan);
    return pulled.result != ADUAN_DONE;
}

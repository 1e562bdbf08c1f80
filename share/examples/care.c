/* Care: care DIRECTORY SEQ BACKUP corrects an event, erases its private fields for good, and makes a backup. */
#include <ledger/care.h>
#include <stdio.h>
#include <stdlib.h>

static int failed(const struct ledger_error *error) {
    fprintf(stderr, "%s: %s\n", ledger_error_name(error->code), error->message);
    return 1;
}

int main(int argc, char **argv) {
    struct ledger_error error = LEDGER_ERROR_INIT;
    struct ledger_correct_options correct = LEDGER_CORRECT_OPTIONS_INIT;
    struct ledger_erase_options erase = LEDGER_ERASE_OPTIONS_INIT;
    struct ledger_stats stats = LEDGER_STATS_INIT;
    struct ledger_receipt corrected, erased;
    struct ledger *ledger = NULL;
    if (argc != 4) return 2;
    uint64_t seq = strtoull(argv[2], NULL, 10);
    int rc = ledger_open(argv[1], NULL, &ledger, &error);
    correct.seq = seq;
    correct.reason = "wrong_subject";
    rc = rc != 0 ? rc : ledger_correct(ledger, &correct, &corrected, &error);
    erase.what = LEDGER_ERASE_PRIVATE;
    erase.seqs = &seq;
    erase.n_seqs = 1;
    erase.reason = "request";
    rc = rc != 0 ? rc : ledger_erase(ledger, &erase, &erased, &error);
    rc = rc != 0 ? rc : ledger_erase_finish(ledger, UINT64_C(5000000000), &error);
    rc = rc != 0 ? rc : ledger_backup(ledger, argv[3], &error);
    rc = rc != 0 ? rc : ledger_get_stats(ledger, &stats, &error);
    if (rc == 0) {
        printf("corrected by event %llu, erased by event %llu, %llu events\n", (unsigned long long)corrected.seq,
               (unsigned long long)erased.seq, (unsigned long long)stats.events);
    }
    ledger_close(ledger);
    return rc == 0 ? 0 : failed(&error);
}

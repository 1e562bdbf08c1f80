/* The bench program as a child process of itself: opens a ledger, performs one operation, exits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "projections/store/rebuild.h"

static int append_one(struct ledger *ledger, uint64_t i, bool keyed, struct err *err) {
    struct log_receipt receipt;
    struct workload w;
    workload_init(&w);
    workload_make(&w, i, keyed);
    int rc = buf_check(&w.body, "a body of the workload", err);
    if (rc == 0) rc = log_append(ledger, &w.draft, &receipt, NULL, err);
    workload_done(&w);
    return rc;
}

static int verify(struct ledger *ledger, struct err *err) {
    static struct log_report report; /* large */
    int rc = log_verify(ledger, &(struct log_verify_options){0}, &report, err);
    if (rc == 0 && report.verdict != LOG_GOOD && report.verdict != LOG_NOT_ANCHORED) {
        rc = err_set(err, ERR_TAMPERED, "the ledger does not verify");
    }
    return rc;
}

static int rebuild(struct ledger *ledger, struct err *err) {
    struct state_options options;
    state_options_init(&options);
    return rebuild_run(ledger, &options, UINT32_MAX, err);
}

/* One draft at a time, so that the measured memory is the ledger's. */
static int fill(struct ledger *ledger, uint64_t from, uint64_t count, bool keyed, struct err *err) {
    struct log_batch *batch = NULL;
    struct workload w;
    workload_init(&w);
    int rc = log_batch_new(ledger, &batch, err);
    for (uint64_t i = 0; i < count && rc == 0; i++) {
        workload_make(&w, from + i, keyed);
        rc = log_batch_add(batch, &w.draft, err);
        if (rc == 0 && ((i + 1) % LOAD_COMMIT == 0 || i + 1 == count)) {
            rc = log_batch_commit(batch, NULL, NULL, NULL, err);
        }
    }
    log_batch_free(batch);
    workload_done(&w);
    return rc;
}

int child_main(int argc, char **argv) {
    struct err err = {0};
    struct ledger *ledger = NULL;
    if (argc < 4) {
        fprintf(stderr, "usage: bench --child append|fill|verify|rebuild DIR FROM COUNT [keyed]\n");
        return 2;
    }
    bool keyed = argc > 4 && strcmp(argv[4], "keyed") == 0, reads = strcmp(argv[0], "verify") == 0;
    uint64_t from = strtoull(argv[2], NULL, 10), count = strtoull(argv[3], NULL, 10);
    int rc = log_open(argv[1], &(struct log_open_options){.read_only = reads}, &ledger, &err);
    if (rc == 0) {
        rc = reads                             ? verify(ledger, &err)
             : strcmp(argv[0], "fill") == 0    ? fill(ledger, from, count, keyed, &err)
             : strcmp(argv[0], "rebuild") == 0 ? rebuild(ledger, &err)
                                               : append_one(ledger, from, keyed, &err);
    }
    log_close(ledger);
    if (rc != 0) {
        fprintf(stderr, "bench: %s: %s\n", argv[0], err.msg);
    }
    return rc != 0 ? 1 : 0;
}

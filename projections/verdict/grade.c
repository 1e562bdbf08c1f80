/* Headers survive the erasure of a body, so an erased event has its grade still. */
#include "projections/verdict/grade.h"

static const char *const grades[] = {"measured", "reported", "declared", "inferred"};
#define GRADES (sizeof(grades) / sizeof(grades[0]))

/* A grade that this program does not know is not better than the weakest one that it does. */
static size_t rank_of(struct bytes grade) {
    size_t i = 0;
    while (i < GRADES - 1 && !bytes_is(grade, grades[i])) {
        i++;
    }
    return i;
}

int verdict_grade(struct ledger *ledger, const uint64_t *seqs, size_t n, const char **ret, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    size_t weakest = 0;
    int rc = n > 0 ? log_reader_open(ledger, seqs[0], LOG_NO_SEQ, &reader, err) : 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        log_reader_seek(reader, seqs[i]);
        rc = log_reader_next(reader, &event, err);
        if (rc == 1) rc = err_set(err, ERR_NOTFOUND, "there is no event %llu", (unsigned long long)seqs[i]);
        size_t rank = rc == 0 ? rank_of(event.grade) : 0;
        weakest = rank > weakest ? rank : weakest;
    }
    log_reader_close(reader);
    if (rc == 0) {
        *ret = n > 0 ? grades[weakest] : NULL;
    }
    return rc;
}

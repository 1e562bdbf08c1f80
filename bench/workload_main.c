/* bench-workload N [FROM] [keyed]: the reference workload as JSON Lines on standard output, in the form that `ledger ingest
 * jsonl` reads; for the command line, and to give other programs the same events. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/workload.h"

#define LINE_MAX_BYTES (1 << 20)

static int print(uint64_t from, uint64_t n, bool keyed, struct err *err) {
    struct workload w;
    struct buf mp, out;
    int rc = 0;
    workload_init(&w);
    buf_init(&mp, LINE_MAX_BYTES);
    buf_init(&out, LINE_MAX_BYTES);
    for (uint64_t i = 0; i < n && rc == 0; i++) {
        workload_make(&w, from + i, keyed);
        buf_clear(&out);
        rc = workload_line(&w.draft, &mp, &out, err);
        if (rc == 0 && fwrite(out.p, 1, out.n, stdout) != out.n) {
            rc = err_errno(err, errno, "standard output");
        }
    }
    if (rc == 0 && fflush(stdout) != 0) rc = err_errno(err, errno, "standard output");
    buf_done(&mp);
    buf_done(&out);
    workload_done(&w);
    return rc;
}

static int number(const char *text_, uint64_t *ret) {
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text_, &end, 10);
    if (errno != 0 || end == text_ || *end != 0 || *text_ == '-') return -1;
    *ret = v;
    return 0;
}

int main(int argc, char **argv) {
    struct err err = {0};
    uint64_t n = 0, from = 0;
    bool keyed = argc > 2 && strcmp(argv[argc - 1], "keyed") == 0;
    argc -= keyed ? 1 : 0;
    if (argc < 2 || argc > 3 || number(argv[1], &n) != 0 || (argc == 3 && number(argv[2], &from) != 0)) {
        fprintf(stderr, "usage: bench-workload N [FROM] [keyed]\n");
        return 2;
    }
    int rc = print(from, n, keyed, &err);
    if (rc != 0) {
        fprintf(stderr, "bench-workload: %s\n", err.msg);
    }
    return rc != 0 ? 1 : 0;
}

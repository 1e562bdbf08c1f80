/* SQLite over the events of a ledger, for the queries that the query room answers (base/query.c). */
#ifndef BENCH_BASE_QUERY_H
#define BENCH_BASE_QUERY_H

#include "bench/answer.h"

/* One table `e`: the header's elements, outcome, model, latency_ms, and the body as JSON text; indexes on (run), (kind,
 * outcome) and (model, latency_ms); and a narrow table of seq, model and latency_ms. Not timed: large transactions,
 * synchronous=OFF, journal_mode=OFF. */
int base_query_build(const char *path, struct ledger *ledger, struct err *err);

enum base_ask {
    BASE_ASK_RUN,         /* all columns of the events of a run */
    BASE_ASK_COUNT,       /* the number of events of each kind and outcome */
    BASE_ASK_P95,         /* the quantile of a number for each model, from a narrow table */
    BASE_ASK_P95_INDEXED, /* the same from an index that has them in order */
    BASE_ASK_SCAN,        /* a condition on a field that is only in the body, over events [from, to) */
    BASE_ASKS
};
struct base_args {
    const char *run;
    uint64_t from, to;
};
struct base_query;
/* Opens it for reading: cache_size of 64 MiB, mmap_size as large as SQLite allows. `extension`: the query room's own, which
 * has the aggregate. */
int base_query_open(const char *path, const char *extension, struct base_query **ret, struct err *err);
/* Runs a prepared statement to its end and fetches every column. The answer is appended to `out` as text, one line per row;
 * with NULL it is fetched and dropped, which is what gets timed. */
int base_query_ask(struct base_query *base, enum base_ask ask, const struct base_args *args, struct buf *out, double *ret_s,
                   struct err *err);
void base_query_close(struct base_query *base); /* NULL is allowed */

#endif

/* What the parts of the stage "query" share. */
#ifndef BENCH_RUN_QUERY_H
#define BENCH_RUN_QUERY_H

#include "bench/base/query.h"
#include "bench/bench.h"

/* A run whose events are all among the first `made` of the workload, a different one for each `i`. */
void query_some_run(uint64_t made, uint64_t i, char ret[40]);
/* A file next to the bench program, such as the ledger's. */
int query_beside(const char *name, char ret[FILE_PATH_MAX], struct err *err);

/* run_query_process.c: query_run_process, over the table in `database`. */
int run_query_process(struct bench *b, const char *database, struct err *err);
/* run_query_append.c: append_batch_indexed. */
int run_query_append(struct bench *b, struct err *err);

#endif

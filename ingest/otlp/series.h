/* Metrics of cumulative temporality become those of intervals: what was counted since the point before of the same series.
 *
 *   start        t1         t2              t3
 *     |--- 5 ---->|          |               |          point at t1: 5, from start to t1
 *     |-------- 8 ---------->|               |          point at t2: 3, from t1 to t2
 *     |-------- 8 -------------------------->|          point at t3: nothing new, no event
 *
 * A series is a metric of one reporter with one set of attributes. Its newest point is kept in memory and, with the events
 * of the same commit, in a cursor, so that a receiver that starts again continues and what was stored is what was counted.
 * There are SERIES_MAX slots; when all are taken, one that has been silent for an hour is forgotten, or the new series is
 * refused. */
#ifndef INGEST_OTLP_SERIES_H
#define INGEST_OTLP_SERIES_H

#include "ingest/driver/intake.h"

#define SERIES_MAX         1024
#define SERIES_BUCKETS_MAX 256
#define SERIES_ID          16

struct series_number { /* a sum: whole numbers stay exact */
    bool there, whole;
    int64_t integer;
    double real;
};

/* A point; of an interval, once it was taken. */
struct series_point {
    uint64_t from, to; /* ns; from 0: unknown */
    bool has_count;
    uint64_t count;
    struct series_number sum;
    bool has_range; /* of min and max, which belong to the whole time since the start */
    size_t n_buckets;
    uint64_t buckets[SERIES_BUCKETS_MAX];
};

struct otlp_series;

int otlp_series_new(struct intake *run, struct otlp_series **ret, struct err *err);
void otlp_series_free(struct otlp_series *series); /* NULL is fine */
/* What was not committed is unknown again, as after intake_drop. */
void otlp_series_forget(struct otlp_series *series);
/* Takes the next cumulative point of a series and makes it one of the interval since the one before; a start that changed,
 * or a count that fell, begins anew. Remembers its cursor, before the event is added. 0; 1: without news; ERR_LIMIT: too
 * many series at once, with what to do; other codes: the ledger's. */
int otlp_series_take(struct otlp_series *series, const uint8_t id[SERIES_ID], struct series_point *point, struct err *err);

#endif

/* Maps metrics to run.measured: one event for each point that has news. docs/ingest.md has the tables. */
#ifndef INGEST_OTLP_METRIC_H
#define INGEST_OTLP_METRIC_H

#include "ingest/otlp/map.h"
#include "ingest/otlp/series.h"

struct otlp_metric_sink {
    struct otlp_series *series; /* NULL: cumulative points are taken as they are */
    void *ctx;
    /* A point was refused: 0 or INTAKE_STOP. */
    int (*reject)(void *ctx, const char *reason);
};

/* Emits the events of a metric. 0; 1: its name is not one of those that are taken, and `passed` has it; ERR_INVALID as
 * otlp_map_span, for the metric as a whole; INTAKE_STOP; other codes: emit's, the ledger's. */
int otlp_map_metric(struct otlp_map *map, const struct otlp_from *from, struct bytes record,
                    const struct otlp_metric_sink *sink, char passed[OTLP_NAME_LEN], struct err *err);

#endif

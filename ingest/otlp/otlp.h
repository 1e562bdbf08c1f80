/* The source "otlp": traces, logs and metrics of OpenTelemetry, as OTLP/JSON from files and standard input, or received over
 * HTTP, as JSON or Protocol Buffers.
 *
 *   JSON     --otlp_cut_feed--> places of    --otlp_order--> parents --ahead--> items of --otlp_map--> events --> drafts --> run
 *   protobuf --otlp_wire_cut--> records                      first              one form              held
 *
 * Records are parsed and mapped on two threads; drafts are added by the run's, in order. Metrics are mapped there too, because
 * a series goes from one point to the next.
 *
 * A document is one Export...ServiceRequest; a file has one or many, one after another, as the collector's file exporter
 * writes them. docs/ingest.md describes the source for its users. */
#ifndef INGEST_OTLP_OTLP_H
#define INGEST_OTLP_OTLP_H

#include "ingest/driver/intake.h"
#include "ingest/input/ahead.h"
#include "ingest/otlp/cut.h"
#include "ingest/otlp/map.h"
#include "ingest/otlp/metric.h"
#include "ingest/otlp/proto.h"

#define OTLP_PART_MAX ((size_t)256 << 10) /* one resource or scope */

struct otlp_spans;    /* the event of each span, for the newest tens of thousands */
struct otlp_known;    /* recently described reporters, and the last numbers of sessions */
struct otlp_scope_of; /* who reported, for each scope of the current document */

/* What parses and maps records, once for each thread. */
struct otlp_lane {
    struct otlp_map map;
    struct otlp_proto *proto;
    struct buf item; /* one parsed text */
};

struct otlp {
    struct intake *run;
    struct otlp_lane lanes[AHEAD_SIDES]; /* the first is the run's; it also reads reporters and maps metrics */
    struct otlp_cut cut;
    struct ahead *ahead;
    struct otlp_spans *spans;
    struct otlp_known *known;
    struct otlp_series *series;
    /* the current document */
    const char *file; /* its name in messages */
    struct bytes text;
    bool is_protobuf;
    uint64_t line, offset; /* of its first byte in the input; line 0: the input has no lines */
    uint32_t *order;
    struct otlp_scope_of *scopes;
    int failed; /* describing a reporter, with `why` */
    struct err why;
    const struct otlp_record *record; /* the current one */
    uint64_t first;                   /* ticket of its first event, 0 when it has none */
    uint64_t waiting;                 /* bytes of drafts since the last commit */
    uint64_t rejected;                /* records of the document; of metrics, points */
};

/* Adds the records of a document that otlp->cut has cut completely; its encoding is otlp->is_protobuf. Bad ones are rejected one by one, and counted in
 * otlp->rejected. 0, INTAKE_STOP, or an error of the ledger. */
int otlp_document(struct otlp *otlp, const char *file, struct bytes text, uint64_t line, uint64_t offset, struct err *err);

/* Forgets what was remembered between documents, because the drafts it refers to were dropped (intake_drop). */
void otlp_forget(struct otlp *otlp);

/* Reads one file, "-" for standard input (file.c). */
int otlp_read_file(struct otlp *otlp, const char *path, struct err *err);
/* Receives until the stop flag (serve.c). */
int otlp_serve(struct otlp *otlp, const char *address, struct err *err);
/* The source's function. */
int otlp_read(struct intake *run, struct err *err);

#endif

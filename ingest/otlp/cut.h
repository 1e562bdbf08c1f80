/* Finds the records of an OTLP/JSON document without parsing it: a document may be as large as OTLP_DOCUMENT_MAX, its tree
 * would be many times as large, and one bad record must not affect the others.
 *
 *   {"resourceSpans":   [{"resource": R, "scopeSpans":   [{"scope": S, "spans": [A, B, ...]}]}],
 *    "resourceLogs":    [{"resource": R, "scopeLogs":    [{"scope": S, "logRecords": [C, ...]}]}],
 *    "resourceMetrics": [{"resource": R, "scopeMetrics": [{"scope": S, "metrics": [D, ...]}]}]}
 *
 * The cutter knows strings, brackets and where JSON needs commas; it returns the places of R, S, A, B, C, D, each of which
 * is then parsed by itself. Unknown names are skipped, as OTLP demands. Requests in Protocol Buffers are cut into the same
 * by wire.h. */
#ifndef INGEST_OTLP_CUT_H
#define INGEST_OTLP_CUT_H

#include "base/bytes.h"

#define OTLP_DOCUMENT_MAX      ((size_t)24 << 20)
#define OTLP_RECORD_MAX        ((size_t)2 << 20)
#define OTLP_VALUES_MAX        16384  /* values in one span or log record, at all levels */
#define OTLP_METRIC_VALUES_MAX 65000  /* a metric has many points */
#define OTLP_RECORDS_MAX       131072 /* of one document */
#define OTLP_PARTS_MAX         16384  /* resources of one document; also scopes */
#define OTLP_DEPTH_MAX         512

enum otlp_type { OTLP_SPAN, OTLP_LOG, OTLP_METRIC };

struct otlp_text { /* a place in the document */
    uint32_t at, n;
};

struct otlp_record {
    struct otlp_text text;
    uint32_t scope;  /* index */
    uint32_t line;   /* of its first byte, from 0 */
    uint16_t values; /* at all levels; counted up to OTLP_METRIC_VALUES_MAX + 1 */
    uint16_t type;   /* enum otlp_type */
};

/* What is needed to put parents first, for the record with the same index; 0 when absent or invalid, which is reported
 * later. A log record has no id; its parent is the span that it was written in. A metric has none of these. */
struct otlp_relation {
    uint64_t id, parent, start;
};

struct otlp_scope {
    struct otlp_text text; /* n 0: absent */
    uint32_t resource;     /* index */
};

#define OTLP_HAS_SPANS   1U
#define OTLP_HAS_LOGS    2U
#define OTLP_HAS_METRICS 4U

struct otlp_cut {
    unsigned has; /* which of the top-level names it has */
    struct otlp_record *records;
    struct otlp_relation *relations; /* as many; NULL after otlp_order has taken them */
    struct otlp_scope *scopes;
    struct otlp_text *resources; /* n 0: absent */
    size_t n_records, n_scopes, n_resources;
    size_t end;     /* where scanning continues, or the end of the document */
    uint32_t line;  /* lines ended so far */
    size_t line_at; /* where the current line begins */
    /* private to the scanner */
    size_t cap_records, cap_relations, cap_scopes, cap_resources;
    unsigned depth, expect, key;
    bool in_string;
    size_t token_at;
    unsigned capture, capture_depth;
    size_t capture_at;
    uint32_t capture_line, values, record_type;
    uint64_t ids[3];
    uint8_t roles[16];
    uint8_t is_object[OTLP_DEPTH_MAX / 8];
};

void otlp_cut_init(struct otlp_cut *cut);
void otlp_cut_done(struct otlp_cut *cut);
/* Before each document; keeps the memory. */
void otlp_cut_begin(struct otlp_cut *cut);
/* Continues with the document that begins at text.p; text is all of it that has arrived so far, from its first byte.
 * 0: it ended at cut->end; 1: more is needed. ERR_INVALID with "line L column C: ..." within the document, ERR_LIMIT when
 * it has too many parts, ERR_NOMEM. */
int otlp_cut_feed(struct otlp_cut *cut, struct bytes text, struct err *err);

/* For those who cut: one more resource, scope of the newest resource, or record of the newest scope. ERR_LIMIT with a
 * message when there are too many; ERR_NOMEM. */
int otlp_cut_add_resource(struct otlp_cut *cut, struct err *err);
int otlp_cut_add_scope(struct otlp_cut *cut, struct err *err);
int otlp_cut_add_record(struct otlp_cut *cut, const struct otlp_record *record, const struct otlp_relation *relation,
                        struct err *err);

/* The order in which the records are added: by time, but never before a parent in the same document, whatever the clocks
 * say. Exporters send children first, because they end first; a cause must precede its effect. *ret has n_records indexes
 * and is freed by the caller. Frees the relations. */
int otlp_order(struct otlp_cut *cut, uint32_t **ret, struct err *err);

#endif

/* Spans as an OpenTelemetry SDK exports them: agents that call a model three times and a tool twice, 512 spans a document,
 * as OTLP/JSON, one document per line. The same on every machine. */
#ifndef BENCH_SPANS_H
#define BENCH_SPANS_H

#include "base/bytes.h"

#define SPANS_DOCUMENT 512
#define SPANS_TRACE    6

/* Appends spans [from, from + n) in documents, children before their parents, as exporters send them. */
int spans_make(struct buf *out, uint64_t from, size_t n, struct err *err);
/* The same of at most SPANS_DOCUMENT spans as one request in Protocol Buffers. */
int spans_make_protobuf(struct buf *out, uint64_t from, size_t n, struct err *err);

#endif

/* Metrics in Prometheus' text format (also OpenMetrics'), one sample at a time:
 *
 *   # HELP llamacpp:prompt_tokens_total Number of prompt tokens processed.
 *   # TYPE llamacpp:prompt_tokens_total counter
 *   llamacpp:prompt_tokens_total 1234
 *   vllm:request_success_total{finished_reason="stop",model_name="a \"b\""} 7 1700000000000
 *
 * Names may have a colon, values of labels have the escapes \\ \" \n, a value may be NaN, +Inf or -Inf, and a time may follow. */
#ifndef INGEST_INPUT_PROMETHEUS_H
#define INGEST_INPUT_PROMETHEUS_H

#include "base/bytes.h"

struct prometheus {
    struct bytes left;
    uint64_t line; /* of the newest line, from 1 */
    struct bytes typed, type;
};

struct prometheus_sample {
    struct bytes name, labels; /* borrowed; labels: what is inside the braces, as it is */
    double value;              /* finite, or 0 with `special` */
    bool special;              /* NaN or infinite */
    bool counter;              /* its type is counter; without a type: its name ends in _total */
};

void prometheus_init(struct prometheus *p, struct bytes text);
/* 0 with a sample, 1 at the end, ERR_INVALID: this line is none, and the next call takes the line after it. */
int prometheus_next(struct prometheus *p, struct prometheus_sample *ret, struct err *err);

#endif

/* May a call be repeated, and after which pause? Pure. */
#ifndef WORK_MODEL_RETRY_H
#define WORK_MODEL_RETRY_H

#include "base/http/http.h"
#include "work/model.h"

/* The options with their defaults. */
struct work_retry model_retry_of(const struct work_retry *retry);
/* Whether the attempt that ended so has certainly not begun to be answered, and another one may succeed. */
bool model_retry_safe(const struct http_answer *answer);
/* The pause after attempt number n (from 0), milliseconds; `random` moves on. ERR_LIMIT: Retry-After asks for more than
 * `after_ms`; *ret is what it asks for. */
int model_retry_pause(const struct work_retry *retry, unsigned n, unsigned retry_after_s, uint64_t *random, uint64_t *ret);

#endif

/* A request's JSON. */
#ifndef WORK_MODEL_ASK_H
#define WORK_MODEL_ASK_H

#include "work/model.h"

#define MODEL_ASK_MAX ((size_t)64 << 20)

/* The path of the request, below the endpoint's address. */
const char *model_ask_path(enum work_protocol protocol, enum work_operation operation);
/* Appends the body. `max_tokens` 0: none is stated. ERR_INVALID: the request is wrong, with what is expected; ERR_LIMIT,
 * ERR_NOMEM. */
int model_ask_write(enum work_protocol protocol, const struct work_model_request *request, uint64_t max_tokens,
                    struct buf *out, struct err *err);

#endif

/* What may be a model's name in headers and open fields. */
#ifndef INGEST_INPUT_MODEL_NAME_H
#define INGEST_INPUT_MODEL_NAME_H

#include "base/bytes.h"

#define MODEL_NAME_MAX 200

/* A valid model name: 1 to MODEL_NAME_MAX bytes, no control characters, no secret. ERR_INVALID. */
int model_name_check(struct bytes name, struct err *err);

#endif

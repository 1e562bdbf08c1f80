/* Embeddings: lists of numbers of one length. */
#ifndef WORK_MODEL_VECTOR_H
#define WORK_MODEL_VECTOR_H

#include "work/model.h"

/* Reads the vector at `index` from a canonical array of numbers. The first one decides the dimensions of all `n`, whose
 * numbers take at most `bytes_max`. ERR_INVALID: not numbers, another length, no such index; ERR_LIMIT; ERR_NOMEM. */
int model_vector_put(struct work_model_result *result, size_t index, size_t n, size_t bytes_max, struct bytes array,
                     struct err *err);

#endif

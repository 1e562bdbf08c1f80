/* One block of floats for all vectors, allocated when the first one has said how long they are. */
#include "work/model/vector.h"

#include <stdlib.h>

#include "base/mp.h"

static bool number_of(const struct mp_item *item, float *ret) {
    if (item->type == MP_FLOAT) {
        *ret = (float)item->real;
    } else if (item->type == MP_UINT) {
        *ret = (float)item->uint;
    } else if (item->type == MP_INT) {
        *ret = (float)item->sint;
    } else {
        return false;
    }
    return true;
}

static int make_room(struct work_model_result *r, size_t n, size_t dimensions, size_t bytes_max, struct err *err) {
    if (dimensions == 0) return err_set(err, ERR_INVALID, "an embedding is empty");
    if (n > bytes_max / sizeof(float) / dimensions) {
        return err_set(err, ERR_LIMIT, "%zu embeddings of %zu numbers are more than %zu bytes", n, dimensions, bytes_max);
    }
    r->vectors = calloc(n * dimensions, sizeof(float));
    if (r->vectors == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    r->vectors_n = n;
    r->dimensions = dimensions;
    return 0;
}

int model_vector_put(struct work_model_result *result, size_t index, size_t n, size_t bytes_max, struct bytes array,
                     struct err *err) {
    struct mp_reader r;
    struct mp_item item;
    mp_reader_init(&r, array);
    if (!mp_take(&r, MP_ARRAY, &item)) return err_set(err, ERR_INVALID, "embedding %zu is not a list of numbers", index);
    if (index >= n) return err_set(err, ERR_INVALID, "embedding %zu is one too many; expected: %zu", index, n);
    size_t dimensions = item.count;
    int rc = result->vectors == NULL ? make_room(result, n, dimensions, bytes_max, err) : 0;
    if (rc == 0 && dimensions != result->dimensions) {
        rc = err_set(err, ERR_INVALID, "embedding %zu has %zu numbers; expected: %zu, as the others", index, dimensions,
                     result->dimensions);
    }
    for (size_t i = 0; rc == 0 && i < dimensions; i++) {
        if (mp_next(&r, &item, NULL) != 0 || !number_of(&item, &result->vectors[index * dimensions + i])) {
            rc = err_set(err, ERR_INVALID, "embedding %zu, number %zu: not a number", index, i);
        }
    }
    return rc;
}

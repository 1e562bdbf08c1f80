/* The pointer is copied out and in, because the array may be of any type. */
#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_MIN 16

int array_room(void *array, size_t want, size_t *cap, size_t size, struct err *err) {
    void *p;
    if (want <= *cap) return 0;
    size_t more = *cap < ARRAY_MIN / 2 ? ARRAY_MIN : 2 * *cap;
    more = more < want ? want : more;
    memcpy(&p, array, sizeof(p));
    p = more > SIZE_MAX / size ? NULL : realloc(p, more * size);
    if (p == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    memcpy(array, &p, sizeof(p));
    *cap = more;
    return 0;
}

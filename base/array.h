/* Arrays that grow: the owner keeps pointer, number and room, as it needs them. */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

#include "base/err.h"

/* Room for `want` elements of `size` bytes in the array whose pointer is at `array`, a T **, and whose room is *cap,
 * which at least doubles. ERR_NOMEM: it is as it was. */
int array_room(void *array, size_t want, size_t *cap, size_t size, struct err *err);

#endif

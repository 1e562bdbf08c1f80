/* Growing arrays. The owner keeps the pointer, the number of elements and the capacity. */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

#include "base/err.h"

/* Ensures room for `want` elements of `size` bytes. `array` is the address of the pointer (a T **); the capacity *cap at
 * least doubles when it grows. ERR_NOMEM leaves the array unchanged. */
int array_room(void *array, size_t want, size_t *cap, size_t size, struct err *err);

#endif

/* Keeps what a source said, as it said it, within bounds: the private `raw` of an event. */
#ifndef INGEST_INPUT_ORIGINAL_H
#define INGEST_INPUT_ORIGINAL_H

#include "base/mp_map.h"

#define ORIGINAL_MAX ((size_t)384 << 10)

/* A canonical map without the entries named in `without` (a NULL-terminated list, or NULL), as far as it fits into
 * ORIGINAL_MAX; the names of the others go into "omitted". */
void original_put(struct mp_map *fields, const char *name, struct bytes map, const char *const *without);

#endif

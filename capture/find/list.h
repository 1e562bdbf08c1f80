/* What was found, as it is put together. Internal to this room. */
#ifndef CAPTURE_FIND_LIST_H
#define CAPTURE_FIND_LIST_H

#include "capture/find/find.h"

/* One more, named after its thing; *ret is valid until the next one. ERR_NOMEM; ERR_LIMIT: there are FIND_MAX. */
int list_add(struct find_list *list, const struct find_thing *thing, const char *by, struct find_found **ret,
             struct err *err);
/* "program", "directory", "variable": what says that it could be here; NULL: nothing. */
const char *list_by(const struct find_world *world, const struct find_thing *thing);

#endif

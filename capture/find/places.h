/* What is found by directories, variables, sockets and logs. */
#ifndef CAPTURE_FIND_PLACES_H
#define CAPTURE_FIND_PLACES_H

#include "base/http/listen.h"
#include "capture/find/thing.h"

/* Appends what there is of this thing, unless it is a server. ERR_NOMEM, ERR_LIMIT. */
int places_find(const struct find_world *world, const struct find_thing *thing, struct find_list *list, struct err *err);

/* See find_receiver. */
void places_receiver(const char *(*env)(const char *name), char ret[HTTPD_ADDRESS_MAX]);

#endif

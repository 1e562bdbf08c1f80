/* Programs, results and services on this box that are not agents: by what answers on its loopback, its processes, programs,
 * directories and variables. Nothing is asked elsewhere, and all of it takes two seconds at most. */
#ifndef CAPTURE_FIND_FIND_H
#define CAPTURE_FIND_FIND_H

#include "base/http/listen.h"
#include "capture/find/thing.h"

/* Everything that is here. Free with find_list_done, on failure too; zeroed is empty. ERR_NOMEM. */
int find_all(const struct find_world *world, struct find_list *ret, struct err *err);
/* Where a receiver of telemetry belongs: the address of this machine to which OpenTelemetry's variables send, or else the default. */
void find_receiver(const char *(*env)(const char *name), char ret[HTTPD_ADDRESS_MAX]);

#endif

/* Servers of models on this machine's loopback. */
#ifndef CAPTURE_FIND_SERVERS_H
#define CAPTURE_FIND_SERVERS_H

#include "capture/find/thing.h"

/* Appends those that answer, each with its address; where none of its kind does, a process, else a program, directory or variable
 * that says it could. ERR_NOMEM. */
int servers_find(const struct find_world *world, struct find_list *list, struct err *err);

#endif

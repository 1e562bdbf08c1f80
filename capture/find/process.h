/* Processes of this machine by their arguments, and the ports on which they listen. */
#ifndef CAPTURE_FIND_PROCESS_H
#define CAPTURE_FIND_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define PROCESS_PORTS 8

struct process {
    pid_t pid;
    uint16_t ports[PROCESS_PORTS]; /* of its listening sockets, if they can be seen; else of its argument --port */
    size_t n_ports;
};
/* Fills `ret` with processes below ROOT/proc that `what` describes (things.def), at most `max`, and returns how many. What cannot
 * be read is not there. */
size_t process_find(const char *root, const char *what, struct process *ret, size_t max);

#endif

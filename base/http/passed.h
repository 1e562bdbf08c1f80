/* Listening sockets that a service manager opened and passed on (sd_listen_fds(3)): descriptors from 3 on, as many as
 * LISTEN_FDS says, for the process that LISTEN_PID names. Connections wait there while the receiver is not running, and none is
 * lost when it is started again. */
#ifndef BASE_HTTP_PASSED_H
#define BASE_HTTP_PASSED_H

#include <sys/socket.h>
#include <sys/types.h>

#include "base/err.h"

#define HTTPD_PASSED_MAX 16

/* Takes the passed socket that listens on this address; with port 0 in it, the first one. *ret_fd is non-blocking, closed on
 * exec, and the caller's; -1: none was passed to this process. The variables are removed from the environment, so that nothing
 * that is started later believes the sockets to be its own. ERR_INVALID: a descriptor is not a listening stream socket of this
 * machine alone (loopback or Unix), or none listens on this address. `where` may be NULL: the first one, whatever its address. */
int httpd_passed_take(const struct sockaddr_storage *where, int *ret_fd, struct err *err);
/* In a child after fork: what was passed to the parent is for this process. */
void httpd_passed_adopt(pid_t parent);

#endif

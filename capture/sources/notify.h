/* What a service manager is told (sd_notify(3)): one datagram to the socket that it names in NOTIFY_SOCKET. */
#ifndef CAPTURE_SOURCES_NOTIFY_H
#define CAPTURE_SOURCES_NOTIFY_H

#include "base/err.h"

/* Sends "READY=1", "STOPPING=1", "STATUS=...". `socket`: a path, or a name that begins with '@'; NULL: nobody listens, and
 * nothing is sent. It never waits. ERR_INVALID: it is neither. ERR_IO: it was not sent. */
int sources_notify(const char *socket, const char *words, struct err *err);

#endif

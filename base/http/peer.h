/* Who is at the other end of a connection. */
#ifndef BASE_HTTP_PEER_H
#define BASE_HTTP_PEER_H

#include <stddef.h>

/* "127.0.0.1", "::1"; on a Unix socket "uid 1000", as the kernel vouches; "" when nothing is known. */
void httpd_peer_name(int fd, char *ret, size_t size);

#endif

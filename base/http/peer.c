/* Names of peers. */
#include "base/http/peer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

void httpd_peer_name(int fd, char *ret, size_t size) {
    struct sockaddr_storage peer;
    struct ucred who;
    socklen_t n = sizeof(peer), m = sizeof(who);
    ret[0] = '\0';
    if (getpeername(fd, (struct sockaddr *)&peer, &n) != 0) return;
    if (peer.ss_family == AF_UNIX && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &m) == 0) {
        snprintf(ret, size, "uid %lu", (unsigned long)who.uid);
    } else if (peer.ss_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)&peer)->sin_addr, ret, (socklen_t)size);
    } else if (peer.ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)&peer)->sin6_addr, ret, (socklen_t)size);
    }
}

/* A socket of the abstract namespace is written with '@' for its leading zero byte. */
#include "capture/sources/notify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int sources_notify(const char *socket_name, const char *words, struct err *err) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = socket_name == NULL ? 0 : strlen(socket_name);
    if (socket_name == NULL) return 0;
    if (n < 2 || n >= sizeof(a.sun_path) || (socket_name[0] != '/' && socket_name[0] != '@')) {
        return err_set(err, ERR_INVALID, "NOTIFY_SOCKET is neither a path nor a name that begins with '@'");
    }
    memcpy(a.sun_path, socket_name, n);
    a.sun_path[0] = socket_name[0] == '@' ? '\0' : '/';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return err_errno(err, errno, "the service manager's socket");
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    ssize_t sent = sendto(fd, words, strlen(words), MSG_NOSIGNAL, (const struct sockaddr *)&a, size);
    int rc = sent == (ssize_t)strlen(words) ? 0 : err_errno(err, errno, "the service manager's socket");
    close(fd);
    return rc;
}

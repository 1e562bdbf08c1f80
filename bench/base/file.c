/* The least that any durable log can do: write the bytes and wait for the disk. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "bench/base/base.h"
#include "bench/metric.h"

int base_file_open(const char *path, int *ret_fd, struct err *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return err_errno(err, errno, "%s", path);
    *ret_fd = fd;
    return 0;
}

static int write_all(int fd, const uint8_t *p, size_t n) {
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno != EINTR) return -1;
        p += done > 0 ? done : 0;
        n -= done > 0 ? (size_t)done : 0;
    }
    return 0;
}

int base_file_put(int fd, const struct wire *wire, double *ret_s, struct err *err) {
    double start = metric_now();
    for (size_t i = 0; i < wire->n; i += LOAD_COMMIT) {
        size_t end = i + LOAD_COMMIT < wire->n ? wire->event[i + LOAD_COMMIT].at : wire->bytes.n;
        const uint8_t *p = wire->bytes.p + wire->event[i].at;
        if (write_all(fd, p, end - wire->event[i].at) != 0 || fdatasync(fd) != 0) {
            return err_errno(err, errno, "a plain file");
        }
    }
    *ret_s = metric_now() - start;
    return 0;
}

/* What is opened is what is judged: the checks are made on the descriptor. */
#include "base/http/bearer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"

static int check_file(const char *path, const struct stat *st, struct err *err) {
    unsigned mode = st->st_mode & 07777;
    if (!S_ISREG(st->st_mode)) return err_set(err, ERR_INVALID, "key file '%s': not a regular file", path);
    if (st->st_uid != geteuid()) {
        return err_set(err, ERR_INVALID, "key file '%s': owned by user %u; expected: user %u, who makes the call", path,
                       (unsigned)st->st_uid, (unsigned)geteuid());
    }
    if (mode != 0600 && mode != 0400) {
        return err_set(err, ERR_INVALID, "key file '%s': mode %04o; expected: 0600 ('chmod 600' makes it so)", path, mode);
    }
    return 0;
}

static int check_text(const char *path, const uint8_t *p, size_t n, struct err *err) {
    bool good = n >= BEARER_MIN && n <= BEARER_MAX;
    for (size_t i = 0; good && i < n; i++) {
        good = p[i] > ' ' && p[i] < 0x7f;
    }
    return good ? 0
                : err_set(err, ERR_INVALID, "key file '%s': expected: one line of %d to %d visible ASCII characters", path,
                          BEARER_MIN, BEARER_MAX);
}

/* Reads until the file ends or the place is full. */
static int read_all(const char *path, int fd, uint8_t *p, size_t max, size_t *ret_n, struct err *err) {
    size_t n = 0;
    while (n < max) {
        ssize_t got = read(fd, p + n, max - n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return err_errno(err, errno, "key file '%s'", path);
        if (got == 0) break;
        n += (size_t)got;
    }
    *ret_n = n;
    return 0;
}

int bearer_read(const char *path, uint8_t **ret, size_t *ret_n, struct err *err) {
    enum { ROOM = BEARER_MAX + 3 }; /* a line end, and one byte too many */
    struct stat st;
    size_t n = 0;
    uint8_t *p = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ELOOP) return err_set(err, ERR_INVALID, "key file '%s': a link; expected: a regular file", path);
    if (fd < 0) return err_errno(err, errno, "key file '%s'", path);
    int rc = fstat(fd, &st) == 0 ? check_file(path, &st, err) : err_errno(err, errno, "key file '%s'", path);
    if (rc == 0) rc = crypt_init(err);
    if (rc == 0 && (p = crypt_secret_new(ROOM)) == NULL) rc = err_set(err, ERR_NOMEM, "key file '%s': out of memory", path);
    if (rc == 0) rc = read_all(path, fd, p, ROOM, &n, err);
    if (rc == 0 && n > 0 && p[n - 1] == '\n') n -= n > 1 && p[n - 2] == '\r' ? 2 : 1;
    if (rc == 0) rc = check_text(path, p, n, err);
    close(fd);
    if (rc != 0) {
        crypt_secret_free(p);
        return rc;
    }
    *ret = p;
    *ret_n = n;
    return 0;
}

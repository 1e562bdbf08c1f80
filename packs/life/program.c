/* PATH does not matter: where programs may be is a fixed list. */
#include "packs/life/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const dirs[] = {"/usr/bin", "/bin", "/usr/local/bin"};
#define DIRS (sizeof(dirs) / sizeof(dirs[0]))

static int digest_of(int fd, uint8_t ret[HASH_LEN], struct err *err) {
    uint8_t piece[FILE_PIECE];
    struct hash *hash = hash_new();
    ssize_t n = 0;
    if (hash == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    while ((n = read(fd, piece, sizeof(piece))) > 0 || (n < 0 && errno == EINTR)) {
        hash_put(hash, piece, n > 0 ? (size_t)n : 0);
    }
    int rc = n == 0 ? 0 : err_errno(err, errno, "cannot be read");
    if (rc == 0) {
        hash_end(hash, ret);
    }
    hash_free(hash);
    return rc;
}

/* Fills in the digest of what is at ret->host. *ret_fd: that file, open. */
static int measure(struct program *ret, int *ret_fd, struct err *err) {
    int fd = open(ret->host, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return err_errno(err, errno, "cannot be opened");
    int rc = fstat(fd, &ret->seen) == 0 && S_ISREG(ret->seen.st_mode) && (ret->seen.st_mode & 0111) != 0
                 ? digest_of(fd, ret->digest, err)
                 : err_set(err, ERR_INVALID, "is not a file that can be executed");
    if (rc == 0) {
        *ret_fd = fd;
    } else {
        close(fd);
    }
    return rc;
}

bool program_is_same(const struct program *program, int fd) {
    const struct stat *was = &program->seen;
    struct stat st;
    return fstat(fd, &st) == 0 && st.st_size == was->st_size && st.st_mtim.tv_sec == was->st_mtim.tv_sec &&
           st.st_mtim.tv_nsec == was->st_mtim.tv_nsec && st.st_ctim.tv_sec == was->st_ctim.tv_sec &&
           st.st_ctim.tv_nsec == was->st_ctim.tv_nsec;
}

static bool is_bare(struct bytes name) {
    return bytes_find(name, '/') == NULL;
}

static int find_on_host(struct bytes name, struct program *ret, int *ret_fd, struct err *err) {
    for (size_t i = 0; i < DIRS; i++) {
        int n = snprintf(ret->host, sizeof(ret->host), "%s/%.*s", dirs[i], (int)name.n, (const char *)name.p);
        if (n > 0 && (size_t)n < sizeof(ret->host) && access(ret->host, F_OK) == 0) {
            memcpy(ret->inside, ret->host, sizeof(ret->inside));
            return measure(ret, ret_fd, err);
        }
    }
    return err_set(err, ERR_NOTFOUND, "is not in /usr/bin, /bin or /usr/local/bin");
}

static int find_in_pack(struct bytes path, const char *pack_dir, struct program *ret, int *ret_fd, struct err *err) {
    char text[FILE_PATH_MAX];
    (void)snprintf(text, sizeof(text), "%.*s", (int)path.n, (const char *)path.p);
    int rc = file_join(ret->inside, PROGRAM_PACK, text, err);
    if (rc == 0) rc = file_join(ret->host, pack_dir, text, err);
    return rc == 0 ? measure(ret, ret_fd, err) : rc;
}

int program_open(struct bytes name, const char *pack_dir, struct program *ret, int *ret_fd, struct err *err) {
    static const char pack[] = PROGRAM_PACK "/";
    const struct bytes below = {name.p + sizeof(pack) - 1, name.n - (sizeof(pack) - 1)};
    int rc;
    if (name.n == 0 || name.n >= FILE_PATH_MAX) {
        rc = err_set(err, ERR_INVALID, "is empty or too long");
    } else if (is_bare(name)) {
        rc = find_on_host(name, ret, ret_fd, err);
    } else if (bytes_has_prefix(name, pack)) {
        rc = find_in_pack(below, pack_dir, ret, ret_fd, err);
    } else if (name.p[0] != '/') {
        rc = find_in_pack(name, pack_dir, ret, ret_fd, err);
    } else {
        (void)snprintf(ret->host, sizeof(ret->host), "%.*s", (int)name.n, (const char *)name.p);
        memcpy(ret->inside, ret->host, sizeof(ret->inside));
        rc = measure(ret, ret_fd, err);
    }
    if (rc != 0) err_prefix(err, "program '%.*s'", (int)(name.n < 200 ? name.n : 200), (const char *)name.p);
    return rc;
}

int program_find(struct bytes name, const char *pack_dir, struct program *ret, struct err *err) {
    int fd = -1;
    int rc = program_open(name, pack_dir, ret, &fd, err);
    if (fd >= 0) close(fd);
    return rc;
}

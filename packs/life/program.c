/* PATH does not matter: where programs may be is a fixed list. Times of files have the resolution of a tick of the kernel's clock, so a
 * digest is kept only of a file whose newest change was long before. */
#include "packs/life/program.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

static const char *const dirs[] = {"/usr/bin", "/bin", "/usr/local/bin"};
#define DIRS      (sizeof(dirs) / sizeof(dirs[0]))
#define CACHE_MAX 64
#define OLD_NS    (2 * CLOCK_NS_PER_S)

struct program_cache {
    pthread_mutex_t lock;
    struct kept {
        struct stat seen;
        uint8_t digest[HASH_LEN];
    } kept[CACHE_MAX];
    size_t n, next; /* next: the one that goes when it is full */
};

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

static bool is_same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool recall(struct program_cache *cache, struct program *program) {
    bool found = false;
    if (cache == NULL) return false;
    pthread_mutex_lock(&cache->lock);
    for (size_t i = 0; i < cache->n && !found; i++) {
        found = is_same(&cache->kept[i].seen, &program->seen);
        if (found) memcpy(program->digest, cache->kept[i].digest, HASH_LEN);
    }
    pthread_mutex_unlock(&cache->lock);
    return found;
}

/* `began`: before it was read, of the clock that files have their times from. */
static void keep(struct program_cache *cache, const struct program *program, uint64_t began) {
    const struct timespec *changed = &program->seen.st_ctim;
    const uint64_t at = (uint64_t)changed->tv_sec * CLOCK_NS_PER_S + (uint64_t)changed->tv_nsec;
    if (cache == NULL || changed->tv_sec < 0 || at > began || began - at < OLD_NS) return;
    pthread_mutex_lock(&cache->lock);
    struct kept *one = &cache->kept[cache->next];
    one->seen = program->seen;
    memcpy(one->digest, program->digest, HASH_LEN);
    cache->next = (cache->next + 1) % CACHE_MAX;
    cache->n += cache->n < CACHE_MAX;
    pthread_mutex_unlock(&cache->lock);
}

static int digest_for(struct program_cache *cache, int fd, struct program *ret, struct err *err) {
    const uint64_t began = clock_wall_ns();
    if (recall(cache, ret)) return 0;
    int rc = digest_of(fd, ret->digest, err);
    if (rc == 0) keep(cache, ret, began);
    return rc;
}

/* Fills in the digest of what is at ret->host. *ret_fd: that file, open. */
static int measure(struct program_cache *cache, struct program *ret, int *ret_fd, struct err *err) {
    int fd = open(ret->host, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return err_errno(err, errno, "cannot be opened");
    int rc = fstat(fd, &ret->seen) == 0 && S_ISREG(ret->seen.st_mode) && (ret->seen.st_mode & 0111) != 0
                 ? digest_for(cache, fd, ret, err)
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

static int find_on_host(struct program_cache *cache, struct bytes name, struct program *ret, int *ret_fd, struct err *err) {
    for (size_t i = 0; i < DIRS; i++) {
        int n = snprintf(ret->host, sizeof(ret->host), "%s/%.*s", dirs[i], (int)name.n, (const char *)name.p);
        if (n > 0 && (size_t)n < sizeof(ret->host) && access(ret->host, F_OK) == 0) {
            memcpy(ret->inside, ret->host, sizeof(ret->inside));
            return measure(cache, ret, ret_fd, err);
        }
    }
    return err_set(err, ERR_NOTFOUND, "is not in /usr/bin, /bin or /usr/local/bin");
}

static int find_in_pack(struct program_cache *cache, struct bytes path, const char *pack_dir, struct program *ret,
                        int *ret_fd, struct err *err) {
    char text[FILE_PATH_MAX];
    (void)snprintf(text, sizeof(text), "%.*s", (int)path.n, (const char *)path.p);
    int rc = file_join(ret->inside, PROGRAM_PACK, text, err);
    if (rc == 0) rc = file_join(ret->host, pack_dir, text, err);
    return rc == 0 ? measure(cache, ret, ret_fd, err) : rc;
}

static int open_it(struct program_cache *cache, struct bytes name, const char *pack_dir, struct program *ret, int *ret_fd,
                   struct err *err) {
    static const char pack[] = PROGRAM_PACK "/";
    const struct bytes below = {name.p + sizeof(pack) - 1, name.n - (sizeof(pack) - 1)};
    int rc;
    if (name.n == 0 || name.n >= FILE_PATH_MAX) {
        rc = err_set(err, ERR_INVALID, "is empty or too long");
    } else if (is_bare(name)) {
        rc = find_on_host(cache, name, ret, ret_fd, err);
    } else if (bytes_has_prefix(name, pack)) {
        rc = find_in_pack(cache, below, pack_dir, ret, ret_fd, err);
    } else if (name.p[0] != '/') {
        rc = find_in_pack(cache, name, pack_dir, ret, ret_fd, err);
    } else {
        (void)snprintf(ret->host, sizeof(ret->host), "%.*s", (int)name.n, (const char *)name.p);
        memcpy(ret->inside, ret->host, sizeof(ret->inside));
        rc = measure(cache, ret, ret_fd, err);
    }
    if (rc != 0) err_prefix(err, "program '%.*s'", (int)(name.n < 200 ? name.n : 200), (const char *)name.p);
    return rc;
}

int program_open(struct bytes name, const char *pack_dir, struct program *ret, int *ret_fd, struct err *err) {
    return open_it(NULL, name, pack_dir, ret, ret_fd, err);
}

int program_find_in(struct program_cache *cache, struct bytes name, const char *pack_dir, struct program *ret,
                    struct err *err) {
    int fd = -1;
    int rc = open_it(cache, name, pack_dir, ret, &fd, err);
    if (fd >= 0) close(fd);
    return rc;
}

int program_find(struct bytes name, const char *pack_dir, struct program *ret, struct err *err) {
    return program_find_in(NULL, name, pack_dir, ret, err);
}

size_t program_interpreters(int fd, char line[PROGRAM_LINE], const char *ret[PROGRAM_INTERPRETERS]) {
    char *rest = NULL;
    ssize_t n = pread(fd, line, PROGRAM_LINE - 1, 0);
    line[n > 0 ? n : 0] = '\0';
    if (strncmp(line, "#!", 2) != 0) return 0;
    line[strcspn(line, "\n")] = '\0';
    const char *first = strtok_r(line + 2, " \t", &rest), *next = strtok_r(NULL, " \t", &rest);
    if (first == NULL) return 0;
    const char *slash = strrchr(first, '/');
    bool env = strcmp(slash != NULL ? slash + 1 : first, "env") == 0;
    ret[0] = first;
    if (env && next != NULL && next[0] != '-') ret[1] = next;
    return env && next != NULL && next[0] != '-' ? 2 : 1;
}

int program_cache_new(struct program_cache **ret, struct err *err) {
    struct program_cache *cache = calloc(1, sizeof(*cache));
    if (cache == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    pthread_mutex_init(&cache->lock, NULL);
    *ret = cache;
    return 0;
}

void program_cache_free(struct program_cache *cache) {
    if (cache == NULL) return;
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

/* The walk holds a descriptor for each directory on the way down, on both sides, so that nothing that is renamed meanwhile
 * leads it elsewhere. */
#include "base/tree/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/tree/list.h"

#define PIECE ((size_t)256 << 10)

struct copy {
    struct buf list;
    struct buf path; /* of the entry */
    struct hash *hash;
    uint8_t *piece;
    struct tree_totals totals;
    dev_t dev; /* of the copy itself */
    ino_t ino;
};

static int fail(const struct copy *c, const char *what, struct err *err) {
    return err_set(err, ERR_IO, "cannot %s '%.*s': %s", what, (int)c->path.n, (const char *)c->path.p, strerror(errno));
}

static int changed(const struct copy *c, struct err *err) {
    return err_set(err, ERR_CONFLICT, "'%.*s' changed while it was read", (int)c->path.n, (const char *)c->path.p);
}

/* Hashes what is in `from`, and writes it to `to` unless that is negative. */
static int pass_on(struct copy *c, int from, int to, uint64_t *ret_size, struct err *err) {
    uint64_t size = 0;
    for (;;) {
        ssize_t n = read(from, c->piece, PIECE);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(c, "read", err);
        if (n == 0) break;
        hash_put(c->hash, c->piece, (size_t)n);
        if (to >= 0 && file_put_all(to, c->piece, (size_t)n) != 0) return fail(c, "copy", err);
        size += (uint64_t)n;
    }
    *ret_size = size;
    return 0;
}

static bool same(const struct stat *a, const struct stat *b) {
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int keep_meta(const struct copy *c, int fd, const struct stat *st, struct err *err) {
    const struct timespec times[] = {st->st_atim, st->st_mtim};
    int owned = fchown(fd, st->st_uid, st->st_gid);
    (void)owned; /* the list has the owner; only root can give files away */
    return fchmod(fd, st->st_mode & 07777) == 0 && futimens(fd, times) == 0 ? 0 : fail(c, "keep the mode of", err);
}

static int copy_file(struct copy *c, int from_dir, int to_dir, const char *name, struct tree_entry *e, struct err *err) {
    struct stat before, after;
    int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int to = from >= 0 ? openat(to_dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
    int rc = from < 0 ? fail(c, "open", err) : to < 0 ? fail(c, "make the copy of", err) : 0;
    if (rc == 0 && fstat(from, &before) != 0) rc = fail(c, "read", err);
    if (rc == 0 && !S_ISREG(before.st_mode)) rc = changed(c, err);
    bool cloned = rc == 0 && ioctl(to, FICLONE, from) == 0;
    if (rc == 0) rc = pass_on(c, cloned ? to : from, cloned ? -1 : to, &e->size, err);
    if (rc == 0 && fstat(from, &after) != 0) rc = fail(c, "read", err);
    if (rc == 0 && (!same(&before, &after) || (uint64_t)after.st_size != e->size)) rc = changed(c, err);
    if (rc == 0) rc = keep_meta(c, to, &after, err);
    if (rc == 0) {
        hash_end(c->hash, e->digest);
        tree_entry_stat(e, &after);
        e->has_digest = true;
        c->totals.files++;
        c->totals.bytes += e->size;
        c->totals.cloned += cloned;
    }
    if (to >= 0) close(to);
    if (from >= 0) close(from);
    return rc;
}

static int copy_link(struct copy *c, int from_dir, int to_dir, const char *name, struct tree_entry *e, struct err *err) {
    ssize_t n = readlinkat(from_dir, name, e->target, sizeof(e->target) - 1);
    if (n < 0) return fail(c, "read the link", err);
    e->target[n] = '\0';
    return symlinkat(e->target, to_dir, name) == 0 ? 0 : fail(c, "copy the link", err);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
    char **name;
    size_t n, cap;
};

static void names_done(struct names *names) {
    for (size_t i = 0; i < names->n; i++) {
        free(names->name[i]);
    }
    free(names->name);
}

static int names_read(const struct copy *c, int dir, struct names *ret, struct err *err) {
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (d == NULL) {
        if (fd >= 0) close(fd);
        return fail(c, "list", err);
    }
    int rc = 0;
    for (struct dirent *e; rc == 0 && (errno = 0, e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (ret->n == ret->cap) {
            size_t cap = ret->cap > 0 ? 2 * ret->cap : 64;
            char **more = realloc(ret->name, cap * sizeof(*more));
            if (more == NULL) {
                rc = err_set(err, ERR_NOMEM, "no memory for the names of a directory");
                break;
            }
            ret->name = more;
            ret->cap = cap;
        }
        ret->name[ret->n] = strdup(e->d_name);
        rc = ret->name[ret->n] != NULL ? 0 : err_set(err, ERR_NOMEM, "no memory for the names of a directory");
        ret->n += rc == 0;
    }
    if (rc == 0 && errno != 0) rc = fail(c, "list", err);
    closedir(d);
    if (rc == 0 && ret->n > 0) {
        qsort(ret->name, ret->n, sizeof(*ret->name), by_name);
    }
    return rc;
}

static int copy_entry(struct copy *c, int from_dir, int to_dir, const char *name, unsigned depth, struct err *err);

static int copy_inside(struct copy *c, int from, int to, unsigned depth, struct err *err) {
    struct names names = {0};
    size_t n = c->path.n;
    int rc = names_read(c, from, &names, err);
    for (size_t i = 0; i < names.n && rc == 0; i++) {
        if (n > 0 && c->path.p[n - 1] != '/') {
            buf_put_u8(&c->path, '/');
        }
        buf_put_str(&c->path, names.name[i]);
        rc = buf_check(&c->path, "a path", err);
        if (rc == 0) rc = copy_entry(c, from, to, names.name[i], depth + 1, err);
        c->path.n = n;
    }
    names_done(&names);
    return rc;
}

static int copy_dir(struct copy *c, int from_dir, int to_dir, const char *name, unsigned depth, struct err *err) {
    struct stat st;
    if (depth > TREE_DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "'%.*s' is more than %d directories deep", (int)c->path.n, (const char *)c->path.p,
                       TREE_DEPTH_MAX);
    int from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int rc = from < 0 ? fail(c, "open", err) : 0;
    if (rc == 0 && (fstat(from, &st) != 0 || mkdirat(to_dir, name, 0700) != 0)) rc = fail(c, "make the copy of", err);
    int to = rc == 0 ? openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (rc == 0 && to < 0) rc = fail(c, "make the copy of", err);
    if (rc == 0 && st.st_dev == c->dev && st.st_ino == c->ino) {
        rc = err_set(err, ERR_INVALID, "'%.*s' is where the copy is written", (int)c->path.n, (const char *)c->path.p);
    }
    if (rc == 0) rc = copy_inside(c, from, to, depth, err);
    if (rc == 0) rc = keep_meta(c, to, &st, err);
    if (to >= 0) close(to);
    if (from >= 0) close(from);
    return rc;
}

static int copy_entry(struct copy *c, int from_dir, int to_dir, const char *name, unsigned depth, struct err *err) {
    struct tree_entry e = {0};
    struct stat st;
    if (fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return fail(c, "read", err);
    tree_entry_stat(&e, &st);
    e.size = 0;
    int rc = S_ISREG(st.st_mode)   ? copy_file(c, from_dir, to_dir, name, &e, err)
             : S_ISLNK(st.st_mode) ? copy_link(c, from_dir, to_dir, name, &e, err)
                                   : 0;
    if (rc == 0) {
        tree_entry_put(&c->list, &e, bytes_of_buf(&c->path));
        rc = buf_check(&c->list, "the list of a snapshot", err);
        c->totals.entries++;
    }
    if (rc == 0 && S_ISDIR(st.st_mode)) rc = copy_dir(c, from_dir, to_dir, name, depth, err);
    return rc;
}

/* The directories above the path, on the copy's side. Returns the descriptor of the last one. */
static int make_parents(struct copy *c, int files, const char *path, const char **ret_name, struct err *err) {
    int at = dup(files);
    const char *part = path + 1, *slash;
    while (at >= 0 && (slash = strchr(part, '/')) != NULL) {
        char name[FILE_PATH_MAX];
        snprintf(name, sizeof(name), "%.*s", (int)(slash - part), part);
        int next = mkdirat(at, name, 0700) == 0 || errno == EEXIST
                       ? openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                       : -1;
        close(at);
        at = next;
        part = slash + 1;
    }
    *ret_name = part;
    return at >= 0 ? at : fail(c, "make the copy of", err);
}

static int copy_path(struct copy *c, int files, const char *path, struct err *err) {
    char parent[FILE_PATH_MAX];
    const char *name;
    if (path[0] != '/' || path[1] == '\0') {
        return err_set(err, ERR_INVALID, "'%.200s' cannot be copied: expected an absolute path below '/'", path);
    }
    buf_clear(&c->path);
    buf_put_str(&c->path, path);
    int rc = file_parent(parent, path, err);
    int from = rc == 0 ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (rc == 0 && from < 0) rc = fail(c, "open", err);
    int to = rc == 0 ? make_parents(c, files, path, &name, err) : -1;
    if (rc == 0 && to < 0) rc = to;
    if (rc == 0) rc = copy_entry(c, from, to, name, 1, err);
    if (to >= 0) close(to);
    if (from >= 0) close(from);
    return rc;
}

int tree_copy(const char *dir, const char *const *paths, size_t n, uint8_t ret_digest[HASH_LEN], struct tree_totals *ret,
              struct err *err) {
    struct copy c = {.list = {.max = TREE_LIST_MAX}, .path = {.max = 4 * FILE_PATH_MAX}};
    char files_path[FILE_PATH_MAX], list_path[FILE_PATH_MAX];
    struct stat st;
    int files = -1;
    c.hash = hash_new();
    c.piece = malloc(PIECE);
    int rc = c.hash != NULL && c.piece != NULL ? 0 : err_set(err, ERR_NOMEM, "no memory for copying files");
    if (rc == 0) rc = file_join(files_path, dir, "files", err);
    if (rc == 0) rc = file_join(list_path, dir, "list", err);
    if (rc == 0 && (mkdir(dir, 0700) != 0 || mkdir(files_path, 0700) != 0)) {
        rc = err_set(err, ERR_IO, "cannot make '%.200s': %s", dir, strerror(errno));
    }
    if (rc == 0) {
        files = open(files_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (files < 0 || stat(dir, &st) != 0)
            rc = err_set(err, ERR_IO, "cannot open '%.200s': %s", files_path, strerror(errno));
    }
    if (rc == 0) {
        c.dev = st.st_dev;
        c.ino = st.st_ino;
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = copy_path(&c, files, paths[i], err);
    }
    if (rc == 0 && syncfs(files) != 0) rc = err_set(err, ERR_IO, "cannot store '%.200s': %s", dir, strerror(errno));
    if (rc == 0) rc = file_create_durable(list_path, bytes_of_buf(&c.list), 0600, err);
    if (rc == 0) {
        const struct bytes whole = bytes_of_buf(&c.list);
        hash_parts(ret_digest, &whole, 1);
        *ret = c.totals;
    }
    if (files >= 0) close(files);
    free(c.piece);
    hash_free(c.hash);
    buf_done(&c.path);
    buf_done(&c.list);
    return rc;
}

/* Two passes: directories are listed breadth first, by names alone; then, when nothing was wrong with any name or type,
 * the files are read in the order of their paths. A path is resolved from the directory's descriptor each time, so that
 * no other process can lead a later step elsewhere by moving a directory. */
#include "packs/tree/content.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/text.h"
#include "base/tree/beneath.h"

#define PIECE     ((size_t)256 << 10)
#define ARENA_MAX ((size_t)64 << 20)
#define KEPT      3

struct content {
    struct arena arena;
    struct content_file *files;
    size_t n, cap;
    uint64_t bytes;
    uint8_t digest[HASH_LEN];
    struct buf kept[KEPT];
};

static const char *const kept_names[KEPT] = {"pack.yaml", "pack.json", CONTENT_SIGNATURE};

struct reading {
    struct content *tree;
    int root;
    const char **dirs;
    size_t n_dirs, dirs_cap;
    const struct content_sink *sink;
    content_fault_fn *fault;
    void *ctx;
    size_t n_faults;
    struct hash *hash, *lines;
    uint8_t *piece; /* PIECE bytes */
};

static void fault_at(struct reading *r, const char *path, const char *what) {
    r->n_faults++;
    r->fault(r->ctx, path, what);
}

static void fault_errno(struct reading *r, const char *path, int errnum) {
    char what[128];
    snprintf(what, sizeof(what), "cannot be read: %s", strerror(errnum));
    fault_at(r, path, what);
}

/* ---- listing ------------------------------------------------------------------------------------------------------ */

static const char *name_fault(const char *name) {
    struct bytes text = bytes_of(name);
    if (text.n > CONTENT_NAME_MAX) return "has a name of more than 255 bytes";
    if (text_utf8_valid(text.p, text.n) < text.n) return "has a name that is not valid UTF-8";
    if (text_has_control(text)) return "has a name with control characters";
    if (!text_is_safe(text, false) || text_is_blank(text)) return "has a name with invisible characters";
    if (bytes_find(text, '\\') != NULL) return "has a name with a backslash";
    return name[0] == '-' ? "has a name that begins with '-'" : NULL;
}

static const char *type_fault(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFREG:
        return (mode & (S_ISUID | S_ISGID)) != 0 ? "is set-user-ID or set-group-ID" : NULL;
    case S_IFDIR:
        return NULL;
    case S_IFLNK:
        return "is a symbolic link";
    case S_IFIFO:
        return "is a named pipe";
    case S_IFSOCK:
        return "is a socket";
    default:
        return "is a device";
    }
}

/* "dir/name", in the arena. NULL with a fault when it is too long; *rc when there is no memory. */
static const char *path_of(struct reading *r, const char *dir, const char *name, int *rc, struct err *err) {
    char path[CONTENT_PATH_MAX + CONTENT_NAME_MAX + 2];
    int n = snprintf(path, sizeof(path), "%s%s%s", dir, dir[0] != '\0' ? "/" : "", name);
    if (n < 0 || n > CONTENT_PATH_MAX) {
        fault_at(r, path, "has a path of more than 1024 bytes");
        return NULL;
    }
    const struct bytes copy = arena_copy(&r->tree->arena, bytes_of(path));
    if (copy.p == NULL) {
        *rc = err_set(err, ERR_NOMEM, "out of memory");
    }
    return (const char *)copy.p;
}

static int list_entry(struct reading *r, int fd, const char *dir, const char *name, struct err *err) {
    struct content *tree = r->tree;
    struct stat st;
    int rc = 0;
    const char *path = path_of(r, dir, name, &rc, err);
    if (path == NULL) return rc;
    const char *what = name_fault(name);
    if (what != NULL) {
        fault_at(r, path, what);
    }
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        fault_errno(r, path, errno);
    } else if ((what = type_fault(st.st_mode)) != NULL) {
        fault_at(r, path, what);
    } else if (S_ISDIR(st.st_mode)) {
        rc = array_room(&r->dirs, r->n_dirs + 1, &r->dirs_cap, sizeof(r->dirs[0]), err);
        if (rc == 0) {
            r->dirs[r->n_dirs++] = path;
        }
    } else {
        rc = array_room(&tree->files, tree->n + 1, &tree->cap, sizeof(tree->files[0]), err);
        if (rc == 0) {
            tree->files[tree->n++] = (struct content_file){.path = path};
        }
    }
    return rc;
}

static int list_dir(struct reading *r, const char *dir, struct err *err) {
    int fd = dir[0] == '\0' ? fcntl(r->root, F_DUPFD_CLOEXEC, 0) : beneath_open(r->root, dir, O_RDONLY | O_DIRECTORY);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    int rc = 0;
    if (stream == NULL) {
        fault_errno(r, dir, errno);
        if (fd >= 0) close(fd);
        return 0;
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = rc == 0 ? readdir(stream) : NULL;
        if (entry == NULL) break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (r->tree->n + r->n_dirs >= CONTENT_ENTRIES_MAX || r->n_faults >= CONTENT_ENTRIES_MAX) {
            fault_at(r, dir, "more than 10000 files and directories");
            rc = 1;
        } else {
            rc = list_entry(r, dirfd(stream), dir, entry->d_name, err);
        }
    }
    if (rc == 0 && errno != 0) {
        fault_errno(r, dir, errno);
    }
    closedir(stream);
    return rc;
}

static int by_path(const void *a, const void *b) {
    const struct content_file *one = a, *two = b;
    return strcmp(one->path, two->path);
}

static int list_all(struct reading *r, struct err *err) {
    int rc = list_dir(r, "", err);
    for (size_t i = 0; rc == 0 && i < r->n_dirs; i++) {
        rc = list_dir(r, r->dirs[i], err);
    }
    if (r->tree->n > 0) {
        qsort(r->tree->files, r->tree->n, sizeof(r->tree->files[0]), by_path);
    }
    return rc < 0 ? rc : 0;
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

static struct buf *kept_of(struct content *tree, const char *path) {
    for (size_t i = 0; i < KEPT; i++) {
        if (strcmp(path, kept_names[i]) == 0) return &tree->kept[i];
    }
    return NULL;
}

static int put_piece(struct reading *r, struct content_file *file, struct buf *kept, size_t n, struct err *err) {
    const struct bytes piece = {r->piece, n};
    hash_put(r->hash, piece.p, piece.n);
    file->size += n;
    r->tree->bytes += n;
    if (kept != NULL && kept->fail == 0) {
        buf_put_bytes(kept, piece);
    }
    return r->sink != NULL ? r->sink->put(r->sink->ctx, piece, err) : 0;
}

/* The content from its first byte to its last. A fault ends it with 1. */
static int read_content(struct reading *r, int fd, struct content_file *file, struct err *err) {
    struct buf *kept = kept_of(r->tree, file->path);
    int rc = 0;
    while (rc == 0) {
        ssize_t n = read(fd, r->piece, PIECE);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            fault_errno(r, file->path, errno);
            return 1;
        }
        if (n == 0) break;
        if ((uint64_t)n > CONTENT_BYTES_MAX - r->tree->bytes) {
            fault_at(r, file->path, "exceeds the limit of 1 GiB for a whole pack");
            return 1;
        }
        rc = put_piece(r, file, kept, (size_t)n, err);
    }
    hash_end(r->hash, file->digest);
    return rc;
}

static int read_open(struct reading *r, int fd, struct content_file *file, struct err *err) {
    struct stat st;
    if (fstat(fd, &st) != 0) {
        fault_errno(r, file->path, errno);
        return 1;
    }
    const char *what = !S_ISREG(st.st_mode) ? "is no longer a regular file" : type_fault(st.st_mode);
    if (what == NULL && (uint64_t)st.st_size > CONTENT_BYTES_MAX - r->tree->bytes) {
        what = "exceeds the limit of 1 GiB for a whole pack";
    }
    if (what != NULL) {
        fault_at(r, file->path, what);
        return 1;
    }
    file->program = (st.st_mode & S_IXUSR) != 0;
    int rc = r->sink != NULL ? r->sink->begin(r->sink->ctx, file->path, file->program, err) : 0;
    if (rc == 0) rc = read_content(r, fd, file, err);
    if (rc == 0 && r->sink != NULL) rc = r->sink->end(r->sink->ctx, err);
    return rc;
}

static void put_line(struct reading *r, const struct content_file *file) {
    char line[CONTENT_PATH_MAX + 128], hex[2 * HASH_LEN + 1];
    text_hex(hex, file->digest, HASH_LEN);
    int n = snprintf(line, sizeof(line), "%s %s %llu %s\n", file->program ? "755" : "644", hex,
                     (unsigned long long)file->size, file->path);
    hash_put(r->lines, line, (size_t)n);
}

static int read_all(struct reading *r, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < r->tree->n; i++) {
        struct content_file *file = &r->tree->files[i];
        int fd = beneath_open(r->root, file->path, O_RDONLY);
        if (fd < 0) {
            fault_errno(r, file->path, errno);
            continue;
        }
        rc = read_open(r, fd, file, err);
        close(fd);
        if (rc == 0 && strcmp(file->path, CONTENT_SIGNATURE) != 0) {
            put_line(r, file);
        }
    }
    hash_end(r->lines, r->tree->digest);
    return rc < 0 ? rc : 0;
}

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

static int begin(struct reading *r, const char *dir, struct err *err) {
    r->tree = calloc(1, sizeof(*r->tree));
    r->hash = hash_new();
    r->lines = hash_new();
    r->piece = malloc(PIECE);
    if (r->tree == NULL || r->hash == NULL || r->lines == NULL || r->piece == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    r->tree->arena.max = ARENA_MAX;
    for (size_t i = 0; i < KEPT; i++) {
        buf_init(&r->tree->kept[i], CONTENT_KEPT_MAX);
    }
    r->root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->root < 0 && errno == ENOTDIR) return err_set(err, ERR_INVALID, "'%s' is not a directory", dir);
    if (r->root < 0) return err_errno(err, errno, "the directory '%s'", dir);
    int probe = beneath_open(r->root, ".", O_RDONLY | O_DIRECTORY);
    if (probe < 0) return err_errno(err, errno, "the directory '%s' cannot be read with openat2", dir);
    close(probe);
    return 0;
}

int content_read(const char *dir, const struct content_sink *sink, content_fault_fn *fault, void *ctx, struct content **ret,
                 struct err *err) {
    struct reading r = {.root = -1, .sink = sink, .fault = fault, .ctx = ctx};
    int rc = begin(&r, dir, err);
    if (rc == 0) rc = list_all(&r, err);
    if (rc == 0 && r.n_faults == 0) rc = read_all(&r, err);
    if (rc == 0 && r.n_faults > 0) {
        rc = err_set(err, ERR_INVALID, "'%s' cannot be a pack: %zu fault%s", dir, r.n_faults, text_s(r.n_faults));
    }
    if (r.root >= 0) {
        close(r.root);
    }
    free(r.piece);
    free(r.dirs);
    hash_free(r.hash);
    hash_free(r.lines);
    if (rc != 0) {
        content_free(r.tree);
        return rc;
    }
    *ret = r.tree;
    return 0;
}

void content_free(struct content *tree) {
    if (tree == NULL) return;
    for (size_t i = 0; i < KEPT; i++) {
        buf_done(&tree->kept[i]);
    }
    free(tree->files);
    arena_done(&tree->arena);
    free(tree);
}

size_t content_count(const struct content *tree) {
    return tree->n;
}

const struct content_file *content_at(const struct content *tree, size_t i) {
    return &tree->files[i];
}

const struct content_file *content_find(const struct content *tree, struct bytes path) {
    for (size_t low = 0, high = tree->n; low < high;) {
        size_t middle = low + (high - low) / 2;
        int c = bytes_cmp(path, bytes_of(tree->files[middle].path));
        if (c == 0) return &tree->files[middle];
        *(c < 0 ? &high : &low) = c < 0 ? middle : middle + 1;
    }
    return NULL;
}

uint64_t content_bytes(const struct content *tree) {
    return tree->bytes;
}

const uint8_t *content_digest(const struct content *tree) {
    return tree->digest;
}

struct bytes content_kept(const struct content *tree, const char *path) {
    for (size_t i = 0; i < KEPT; i++) {
        if (strcmp(path, kept_names[i]) == 0 && content_find(tree, bytes_of(path)) != NULL && tree->kept[i].fail == 0) {
            const struct buf *kept = &tree->kept[i];
            return (struct bytes){kept->p != NULL ? kept->p : (const uint8_t *)"", kept->n};
        }
    }
    return (struct bytes){NULL, 0};
}

/* ---- one file ------------------------------------------------------------------------------------------------------- */

int content_read_file(const char *dir, const char *path, struct buf *out, struct err *err) {
    struct stat st;
    uint8_t piece[4096];
    size_t before = out->n;
    ssize_t n = 0;
    int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = root >= 0 ? beneath_open(root, path, O_RDONLY) : -1;
    int rc = 0;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        rc = err_set(err, ERR_NOTFOUND, "'%s' has no file '%s'", dir, path);
    }
    while (rc == 0 && out->n - before <= CONTENT_KEPT_MAX && (n = read(fd, piece, sizeof(piece))) > 0) {
        buf_put(out, piece, (size_t)n);
        rc = buf_check(out, path, err);
    }
    if (rc == 0 && n < 0) rc = err_errno(err, errno, "'%s'", path);
    if (rc == 0 && out->n - before > CONTENT_KEPT_MAX) rc = err_set(err, ERR_LIMIT, "'%s' is larger than 1 MiB", path);
    if (fd >= 0) close(fd);
    if (root >= 0) close(root);
    return rc;
}

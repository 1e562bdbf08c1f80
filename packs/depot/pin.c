/* A walk by fts, then sorted by path, so that two of them can be compared side by side. */
#include "packs/depot/pin.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "packs/tree/content.h"

#define STATUS_MAX  144
#define ENTRIES_MAX ((size_t)2 * CONTENT_ENTRIES_MAX)

struct pinned {
    char *path; /* from the directory; empty: itself */
    bool dir;
    char status[STATUS_MAX];
};

struct pin {
    struct pinned *list;
    size_t n;
    uint64_t bytes;
};

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct pinned *)a)->path, ((const struct pinned *)b)->path);
}

static int put(struct pin *pin, const FTSENT *entry, size_t skip, struct err *err) {
    const struct stat *st = entry->fts_statp;
    struct pinned *one = &pin->list[pin->n];
    const char *path = entry->fts_path + skip;
    if (pin->n == ENTRIES_MAX) return err_set(err, ERR_LIMIT, "it has more than %zu files and directories", ENTRIES_MAX);
    one->dir = S_ISDIR(st->st_mode);
    one->path = strdup(path + (path[0] == '/'));
    if (one->path == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    (void)snprintf(one->status, sizeof(one->status), "%o %llu %lld %lld.%09ld %lld.%09ld", (unsigned)st->st_mode,
                   (unsigned long long)st->st_ino, one->dir ? 0 : (long long)st->st_size, (long long)st->st_mtim.tv_sec,
                   st->st_mtim.tv_nsec, (long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
    pin->bytes += S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
    pin->n++;
    return 0;
}

static int walk(struct pin *pin, const char *dir, struct err *err) {
    char root[FILE_PATH_MAX];
    char *const roots[] = {root, NULL};
    int rc = 0;
    (void)snprintf(root, sizeof(root), "%s", dir);
    FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (fts == NULL) return err_errno(err, errno, "'%s'", dir);
    for (FTSENT *entry; rc == 0 && (errno = 0, entry = fts_read(fts)) != NULL;) {
        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS) {
            rc = err_errno(err, entry->fts_errno, "'%s' cannot be looked at", entry->fts_path);
        } else if (entry->fts_info != FTS_DP) {
            rc = put(pin, entry, strlen(dir), err);
        }
    }
    if (rc == 0 && errno != 0) rc = err_errno(err, errno, "'%s' cannot be looked at", dir);
    fts_close(fts);
    return rc;
}

int pin_take(const char *dir, struct pin **ret, struct err *err) {
    struct pin *pin = calloc(1, sizeof(*pin));
    if (pin != NULL) {
        pin->list = calloc(ENTRIES_MAX, sizeof(*pin->list));
    }
    int rc = pin != NULL && pin->list != NULL ? walk(pin, dir, err) : err_set(err, ERR_NOMEM, "out of memory");
    if (rc == 0) {
        qsort(pin->list, pin->n, sizeof(*pin->list), by_path);
        *ret = pin;
    } else {
        pin_free(pin);
    }
    return rc;
}

void pin_free(struct pin *pin) {
    for (size_t i = 0; pin != NULL && i < pin->n; i++) {
        free(pin->list[i].path);
    }
    if (pin != NULL) {
        free(pin->list);
    }
    free(pin);
}

uint64_t pin_bytes(const struct pin *pin) {
    return pin->bytes;
}

int pin_digest(const struct pin *pin, uint8_t ret[HASH_LEN], struct err *err) {
    struct hash *hash = hash_new();
    if (hash == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < pin->n; i++) {
        hash_put(hash, pin->list[i].path, strlen(pin->list[i].path) + 1);
        hash_put(hash, pin->list[i].status, strlen(pin->list[i].status) + 1);
    }
    hash_end(hash, ret);
    hash_free(hash);
    return 0;
}

static bool say(char ret[PIN_WORDS], const struct pinned *one, const char *what) {
    (void)snprintf(ret, PIN_WORDS, "%s'%.250s' %s", one->dir ? "the directory " : "",
                   one->path[0] != '\0' ? one->path : ".", what);
    return true;
}

/* Directories change with what is in them, so a file says more. */
bool pin_differs(const struct pin *then, const struct pin *now, char ret[PIN_WORDS]) {
    const struct pinned *dir = NULL;
    for (size_t i = 0, k = 0; i < then->n || k < now->n;) {
        int order = i == then->n ? 1 : k == now->n ? -1 : by_path(&then->list[i], &now->list[k]);
        if (order < 0) return say(ret, &then->list[i], "is missing");
        if (order > 0) return say(ret, &now->list[k], "was added");
        bool same = strcmp(then->list[i].status, now->list[k].status) == 0;
        if (!same && !now->list[k].dir) return say(ret, &now->list[k], "was changed");
        dir = same || dir != NULL ? dir : &now->list[k];
        i++;
        k++;
    }
    return dir != NULL ? say(ret, dir, "was changed") : false;
}

/* Directories are compared by device and inode, upwards from the ledger's and from what is to be bound, so that it does not matter
 * by which name either was opened. */
#include "packs/run/own.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/core/config.h"

static int add(struct own *own, const char *path, const char *what, struct err *err) {
    struct own_place *place = &own->place[own->n];
    char real[PATH_MAX];
    struct stat st;
    if (path[0] == '\0') return 0;
    if (realpath(path, real) == NULL || stat(real, &st) != 0) {
        return errno == ENOENT ? 0 : err_errno(err, errno, "'%s' cannot be kept from steps", path);
    }
    if (strlen(real) >= sizeof(place->path)) return err_set(err, ERR_LIMIT, "the path of '%s' is too long", path);
    memcpy(place->path, real, strlen(real) + 1);
    place->what = what;
    place->file = !S_ISDIR(st.st_mode);
    place->dev = st.st_dev;
    place->ino = st.st_ino;
    own->n++;
    return 0;
}

int own_find(const char *ledger_dir, const char *trust, struct own *ret, struct err *err) {
    struct config config;
    int rc = config_load(ledger_dir, &config, err);
    ret->n = 0;
    if (rc == 0) rc = add(ret, ledger_dir, "the ledger's directory", err);
    if (rc == 0) rc = add(ret, config.keys, "the directory of the ledger's keys", err);
    if (rc == 0 && trust != NULL) rc = add(ret, trust, "the user's trust file", err);
    return rc == 0 ? add(ret, config.model_key, "the key of the endpoint of models", err) : rc;
}

/* The next '/' of a path, or its end; the first is that of "/" itself. */
static size_t next_end(const char *path, size_t at) {
    return at == 0 ? 1 : at + (path[at] == '/') + strcspn(path + at + (path[at] == '/'), "/");
}

/* What the first `n` bytes of a path name. */
static bool look(const char *path, size_t n, struct stat *ret) {
    char part[FILE_PATH_MAX];
    memcpy(part, path, n);
    part[n] = '\0';
    return stat(part, ret) == 0;
}

int own_check(const struct own *own, int fd, struct err *err) {
    char self[32], path[FILE_PATH_MAX] = "";
    struct stat st;
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(self, path, sizeof(path) - 1);
    if (n <= 0 || (size_t)n == sizeof(path) - 1) return err_errno(err, errno, "its path cannot be read");
    for (size_t at = next_end(path, 0), last = 0; at > last; last = at, at = next_end(path, at)) {
        for (size_t i = 0; look(path, at, &st) && i < own->n; i++) {
            if (st.st_dev == own->place[i].dev && st.st_ino == own->place[i].ino) {
                return err_set(err, ERR_INVALID, "'%s' is %s%s, which no step is given", path, at == (size_t)n ? "" : "in ",
                               own->place[i].what);
            }
        }
    }
    return 0;
}

static bool can_enter(const struct stat *st, uid_t uid, gid_t gid) {
    return uid == 0 || (st->st_mode & (st->st_uid == uid ? S_IXUSR : st->st_gid == gid ? S_IXGRP : S_IXOTH)) != 0;
}

/* Below another one, which is masked as a whole. */
static bool is_covered(const struct own *own, size_t i) {
    for (size_t k = 0; k < own->n; k++) {
        size_t n = strlen(own->place[k].path);
        bool below = strncmp(own->place[i].path, own->place[k].path, n) == 0 && own->place[i].path[n] == '/';
        if (below || (k < i && strcmp(own->place[i].path, own->place[k].path) == 0)) return true;
    }
    return false;
}

static int mask_one(const struct own_place *place, const struct stat *bind, const char *inside, uid_t uid, gid_t gid,
                    own_mask_fn *mask, void *ctx, struct err *err) {
    char path[2 * FILE_PATH_MAX];
    size_t n = strlen(place->path), from = 0;
    struct stat st;
    for (size_t at = next_end(place->path, 0); at < n; at = next_end(place->path, at)) {
        if (!look(place->path, at, &st)) return err_errno(err, errno, "'%s' cannot be looked at", place->path);
        bool here = st.st_dev == bind->st_dev && st.st_ino == bind->st_ino;
        from = here ? at : from;
        if (from > 0 && !can_enter(&st, uid, gid)) {
            (void)snprintf(path, sizeof(path), "%s%.*s", inside, (int)(at - from), place->path + from);
            return mask(ctx, path, false, err);
        }
    }
    if (from == 0) return 0;
    if (!look(place->path, n, &st) || st.st_dev != place->dev || st.st_ino != place->ino) {
        return err_set(err, ERR_CONFLICT, "%s is not at '%s' any more", place->what, place->path);
    }
    (void)snprintf(path, sizeof(path), "%s%s", inside, place->path + from);
    return mask(ctx, path, place->file, err);
}

int own_masks(const struct own *own, int fd, const char *inside, uid_t uid, gid_t gid, own_mask_fn *mask, void *ctx,
              struct err *err) {
    struct stat bind;
    int rc = fstat(fd, &bind) == 0 ? 0 : err_errno(err, errno, "'%s' cannot be looked at", inside);
    for (size_t i = 0; rc == 0 && S_ISDIR(bind.st_mode) && i < own->n; i++) {
        if (!is_covered(own, i)) rc = mask_one(&own->place[i], &bind, inside, uid, gid, mask, ctx, err);
    }
    return rc;
}

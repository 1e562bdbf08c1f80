/* Names of generations: "<base>", "<base>.<n>", and these with ".new" while one is created, ".old" while one is removed. */
#include "ledger/store/generation.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define NEW        ".new"
#define FIND_LOOKS 3 /* at a directory that seems to have no generation */

int generation_path(const char *base, uint64_t generation, char ret[FILE_PATH_MAX], struct err *err) {
    int n = generation == 0 ? snprintf(ret, FILE_PATH_MAX, "%s", base)
                            : snprintf(ret, FILE_PATH_MAX, "%s.%llu", base, (unsigned long long)generation);
    return n < 0 || n >= FILE_PATH_MAX ? err_set(err, ERR_LIMIT, "the path '%.64s...' is too long", base) : 0;
}

int generation_tmp(const char *base, uint64_t generation, char ret[FILE_PATH_MAX], struct err *err) {
    int n = snprintf(ret, FILE_PATH_MAX, "%s.%llu" NEW, base, (unsigned long long)generation);
    return n < 0 || n >= FILE_PATH_MAX ? err_set(err, ERR_LIMIT, "the path '%.64s...' is too long", base) : 0;
}

/* What a name in the directory of base says: "<name>", "<name>.<n>", and these with .new and .old. */
static enum generation_form form_of(const char *name, const char *base_name, uint64_t *ret) {
    size_t n = strlen(base_name), len = strlen(name), tail = strlen(GENERATION_OLD_SUFFIX);
    if (strncmp(name, base_name, n) != 0) return GENERATION_NONE;
    enum generation_form form = GENERATION_WHOLE;
    if (len >= n + tail && strcmp(name + len - tail, GENERATION_OLD_SUFFIX) == 0) {
        form = GENERATION_OLD;
    } else if (len >= n + tail && strcmp(name + len - tail, NEW) == 0) {
        form = GENERATION_NEW;
    }
    len -= form == GENERATION_WHOLE ? 0 : tail;
    *ret = 0;
    if (len == n) return form;
    struct bytes digits = {(const uint8_t *)name + n + 1, len - n - 1};
    return name[n] == '.' && text_parse_u64(digits, ret) == 0 && *ret > 0 ? form : GENERATION_NONE;
}

int generation_each(const char *base, generation_each_fn *each, void *ctx, struct err *err) {
    char parent[FILE_PATH_MAX], path[FILE_PATH_MAX];
    const char *slash = strrchr(base, '/'), *name = slash == NULL ? base : slash + 1;
    int rc = file_parent(parent, base, err);
    DIR *dir = rc != 0 ? NULL : opendir(parent);
    if (rc == 0 && dir == NULL) return err_errno(err, errno, "'%s'", parent);
    for (struct dirent *d; rc == 0 && (d = readdir(dir)) != NULL;) {
        uint64_t n;
        enum generation_form form = form_of(d->d_name, name, &n);
        if (form != GENERATION_NONE) {
            rc = file_join(path, parent, d->d_name, err);
            if (rc == 0) rc = each(ctx, form, n, path, err);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return rc;
}

struct finding {
    uint64_t from, found;
    bool any, others; /* others: names of other forms, or of lower numbers */
};

static int find_one(void *ctx, enum generation_form form, uint64_t n, const char *path, struct err *err) {
    struct finding *f = ctx;
    (void)path;
    (void)err;
    if (form == GENERATION_WHOLE && n >= f->from && (!f->any || n < f->found)) {
        f->any = true;
        f->found = n;
    }
    f->others = f->others || form != GENERATION_WHOLE || n < f->from;
    return 0;
}

int generation_find(const char *base, uint64_t from, uint64_t *ret, struct err *err) {
    struct finding f = {.from = from};
    int rc = 0, looks = 0;
    do { /* a rename while the directory is read can hide both the old name and the new one */
        rc = generation_each(base, find_one, &f, err);
        looks++;
    } while (rc == 0 && !f.any && looks < (f.others ? GENERATION_TRIES : FIND_LOOKS));
    if (rc == 0 && f.any) {
        *ret = f.found;
    }
    if (rc == 0) rc = f.any ? 0 : 1;
    return rc;
}

int generation_wipe(const char *dir, struct err *err) {
    char path[FILE_PATH_MAX];
    struct stat st;
    int rc = file_join(path, dir, "data.mdb", err);
    bool own = lstat(dir, &st) == 0 && S_ISDIR(st.st_mode); /* of a link only its name is removed */
    if (rc == 0 && own && file_exists(path)) rc = file_wipe(path, err);
    if (rc == 0 || rc == ERR_NOTFOUND) rc = file_remove_tree(dir, err);
    return rc != 0 && !file_exists(dir) ? 0 : rc;
}

static int sweep_one(void *ctx, enum generation_form form, uint64_t n, const char *path, struct err *err) {
    const uint64_t *now = ctx;
    return form == GENERATION_NEW || (form == GENERATION_WHOLE && n > *now) ? generation_wipe(path, err) : 0;
}

int generation_sweep(const char *base, uint64_t generation, struct err *err) {
    return generation_each(base, sweep_one, &generation, err);
}

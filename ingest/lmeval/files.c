/* Which files are the harness's, and which of them belong to one evaluation.
 *
 * Only names count: DATE, the local time of writing with '-' for ':', ends the name of the results and of all their samples.
 * Directories are walked without following links to directories, so that a cycle of links ends. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/file.h"
#include "ingest/lmeval/lmeval.h"

#define FILES_MAX 32768
#define DEPTH_MAX 8
#define NO_BYTES  ((struct bytes){NULL, 0})

/* ---- names -------------------------------------------------------------------------------------------------------- */

static bool take_end(struct bytes *t, const char *end) {
    size_t n = strlen(end);
    bool there = t->n > n && memcmp(t->p + t->n - n, end, n) == 0;
    t->n -= there ? n : 0;
    return there;
}

/* YYYY-MM-DDTHH-MM-SS and a fraction; ':' where a copy restored them */
static bool is_date(struct bytes t) {
    static const char form[] = "0000-00-00T00-00-00";
    size_t n = sizeof(form) - 1;
    if (t.n < n || (t.n > n && t.p[n] != '.')) return false;
    for (size_t i = 0; i < t.n; i++) {
        char want = i < n ? form[i] : '0';
        bool digit = t.p[i] >= '0' && t.p[i] <= '9';
        if (i != n && !(want == '0' ? digit : t.p[i] == want || (want == '-' && i > 10 && t.p[i] == ':'))) {
            return false;
        }
    }
    return true;
}

bool lmeval_name(const char *name, struct lmeval_file *ret) {
    struct bytes t = bytes_of(name);
    take_end(&t, ".gz");
    bool lines = take_end(&t, ".jsonl");
    if (!lines && !take_end(&t, ".json")) return false;
    const uint8_t *last = memrchr(t.p, '_', t.n);
    size_t stem = last != NULL ? (size_t)(last - t.p) : t.n;
    struct bytes date = last != NULL ? (struct bytes){last + 1, t.n - stem - 1} : NO_BYTES;
    struct lmeval_file file = {.samples = lines, .date = date};
    if (lines) {
        static const char begin[] = "samples_";
        size_t n = sizeof(begin) - 1;
        if (!bytes_has_prefix(t, begin) || stem < n + 1) return false;
        file.task = (struct bytes){t.p + n, stem - n};
    } else if (!bytes_has_prefix(t, "results_") && !bytes_is(t, "results") && !is_date(date)) {
        return false;
    }
    *ret = file;
    return true;
}

/* ---- collecting --------------------------------------------------------------------------------------------------- */

static int make_room(struct lmeval_files *files, struct err *err) {
    if (files->n == FILES_MAX) {
        return err_set(err, ERR_LIMIT, "more than %d files; expected: fewer at a time", FILES_MAX);
    }
    if (array_room(&files->files, files->n + 1, &files->cap, sizeof(*files->files), NULL) != 0) {
        return err_set(err, ERR_NOMEM, "lm-eval: out of memory");
    }
    return 0;
}

/* `named`: given on the command line, and therefore the harness's under any name. */
static int add_file(struct lmeval_files *files, const char *path, bool named, struct err *err) {
    struct lmeval_file file = {0};
    char *own = strdup(path);
    int rc = own != NULL ? make_room(files, err) : err_set(err, ERR_NOMEM, "lm-eval: out of memory");
    if (rc != 0) {
        free(own);
        return rc;
    }
    const char *slash = strrchr(own, '/');
    if (!lmeval_name(slash != NULL ? slash + 1 : own, &file)) {
        struct bytes t = bytes_of(own);
        take_end(&t, ".gz");
        file.samples = take_end(&t, ".jsonl");
        if (!named) {
            free(own);
            return 0;
        }
    }
    file.path = own;
    file.dir = (struct bytes){(const uint8_t *)own, slash != NULL ? (size_t)(slash - own) : 0};
    files->files[files->n++] = file;
    return 0;
}

/* Remembers a file with a harness name that is not regular; those that do not fit are only counted. */
static void add_odd(struct lmeval_files *files, const char *path) {
    const size_t n = strlen(files->odd), path_n = strlen(path), comma = n > 0 ? 2 : 0;
    if (n + comma + path_n < sizeof(files->odd)) {
        memcpy(files->odd + n, ", ", comma);
        memcpy(files->odd + n + comma, path, path_n + 1);
    }
    files->n_odd++;
}

/* Files of the directory and below it; with `date`, only those directly in it with that date. NULL is the working
 * directory, whose files have no directory in their names. */
static int add_directory(struct lmeval_files *files, const char *path, const struct bytes *date, unsigned depth,
                         struct err *err) {
    DIR *dir = opendir(path != NULL ? path : ".");
    if (dir == NULL) return err_errno(err, errno, "%s", path != NULL ? path : ".");
    int rc = 0;
    for (struct dirent *e; rc == 0 && (e = readdir(dir)) != NULL;) {
        char full[FILE_PATH_MAX];
        struct stat st;
        struct lmeval_file file;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (path != NULL) {
            rc = file_join(full, path, e->d_name, err);
        } else {
            memcpy(full, e->d_name, strlen(e->d_name) + 1);
        }
        if (rc != 0 || lstat(full, &st) != 0) continue;
        bool directory = S_ISDIR(st.st_mode);
        bool regular = S_ISREG(st.st_mode) || (S_ISLNK(st.st_mode) && stat(full, &st) == 0 && S_ISREG(st.st_mode));
        if (directory && date == NULL && depth == DEPTH_MAX) {
            rc = err_set(err, ERR_LIMIT, "%s: deeper than %d directories; expected: a directory further down", full,
                         DEPTH_MAX);
        } else if (directory && date == NULL) {
            rc = add_directory(files, full, NULL, depth + 1, err);
        } else if (regular && (date == NULL || (lmeval_name(e->d_name, &file) && bytes_eq(file.date, *date)))) {
            rc = add_file(files, full, false, err);
        } else if (!regular && !directory && date == NULL && lmeval_name(e->d_name, &file)) {
            add_odd(files, full);
        }
    }
    closedir(dir);
    return rc;
}

/* The files next to a given one, with the same date. */
static int add_siblings(struct lmeval_files *files, const char *path, struct err *err) {
    struct lmeval_file file;
    const char *slash = strrchr(path, '/');
    char dir[FILE_PATH_MAX];
    size_t n = slash != NULL ? (size_t)(slash - path) + (slash == path) : 0;
    if (!lmeval_name(slash != NULL ? slash + 1 : path, &file) || file.date.n == 0) return 0;
    if (n >= sizeof(dir)) {
        return err_set(err, ERR_LIMIT, "the path is longer than %d bytes", FILE_PATH_MAX - 1);
    }
    memcpy(dir, path, n);
    dir[n] = '\0';
    return add_directory(files, slash != NULL ? dir : NULL, &file.date, 0, err);
}

int lmeval_files_add(struct lmeval_files *files, const char *path, struct err *err) {
    struct stat st;
    if (stat(path, &st) != 0) return err_errno(err, errno, "%s", path);
    if (!S_ISDIR(st.st_mode)) {
        int rc = add_file(files, path, true, err);
        if (rc == 0) rc = add_siblings(files, path, err);
        return rc;
    }
    size_t before = files->n;
    files->n_odd = 0;
    files->odd[0] = '\0';
    int rc = add_directory(files, path, NULL, 0, err);
    if (rc == 0 && files->n == before && files->n_odd > 0) {
        return err_set(err, ERR_NOTFOUND, "%s: %s; expected: regular files results_*.json and samples_*.jsonl",
                       files->odd[0] != '\0' ? files->odd : path,
                       files->n_odd == 1 ? "is not a regular file" : "are not regular files");
    }
    if (rc == 0 && files->n == before) {
        return err_set(err, ERR_NOTFOUND, "%s: no results_*.json or samples_*.jsonl in this directory or below it", path);
    }
    return rc;
}

void lmeval_files_done(struct lmeval_files *files) {
    for (size_t i = 0; i < files->n; i++) {
        free(files->files[i].path);
    }
    free(files->files);
    memset(files, 0, sizeof(*files));
}

/* ---- order -------------------------------------------------------------------------------------------------------- */

static int in_order(const void *a, const void *b) {
    const struct lmeval_file *x = a, *y = b;
    int order = bytes_cmp(x->dir, y->dir);
    if (order == 0) order = bytes_cmp(x->date, y->date);
    if (order == 0) order = (int)x->samples - (int)y->samples;
    return order != 0 ? order : strcmp(x->path, y->path);
}

void lmeval_files_sort(struct lmeval_files *files) {
    size_t kept = 0;
    if (files->n > 0) {
        qsort(files->files, files->n, sizeof(files->files[0]), in_order);
    }
    for (size_t i = 0; i < files->n; i++) {
        const char *before = kept > 0 ? files->files[kept - 1].path : "", *path = files->files[i].path;
        size_t n = strlen(before);
        if (n > 0 && strncmp(path, before, n) == 0 && (path[n] == '\0' || strcmp(path + n, ".gz") == 0)) {
            free(files->files[i].path);
        } else {
            files->files[kept++] = files->files[i];
        }
    }
    files->n = kept;
}

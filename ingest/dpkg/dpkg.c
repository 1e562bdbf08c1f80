/* The source "dpkg": which files, in which order, and an event for each operation.
 *
 * A log rotates (dpkg.log -> dpkg.log.1 -> dpkg.log.2.gz ...), so the files are read oldest first, as one text: an
 * operation may begin in one file and end in the next. An event's key is made of its action line and its outcome, never of
 * a file name or an offset, so that it holds wherever the line has moved to. The outcome is part of it because an
 * operation recorded as unfinished may be finished later: that is another event. */
#include "ingest/dpkg/dpkg.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mp_map.h"
#include "ingest/driver/recognize.h"
#include "ingest/input/keyed_hash.h"

#define FILES_MAX   256
#define CONTENT_MAX (UINT64_C(256) << 20) /* of one file; a log of a year has some 10 MB */
/* Compression makes logs some 20 times smaller; past the first MiB, a higher ratio is a decompression bomb. */
#define RATIO_MAX  200
#define RATIO_FREE (UINT64_C(1) << 20)
#define BODY_MAX   4096
#define KEY_LEN    64

struct reading {
    struct intake *run;
    struct dpkg_ops *ops;
    char *files[FILES_MAX]; /* owned */
    size_t n_files;
    uint64_t done, total; /* stored bytes, for the progress */
};

/* ---- events ------------------------------------------------------------------------------------------------------- */

static const char *const outcome_names[] = {
    [DPKG_DONE] = "done", [DPKG_FAILED] = "failed", [DPKG_UNFINISHED] = "unfinished"};

static void make_key(const struct dpkg_operation *op, const uint8_t *secret, char ret[KEY_LEN]) {
    char text[1024], hex[KEYED_HASH_HEX];
    snprintf(text, sizeof(text), "%s|%s|%s|%s|%s|%s|%u|%s", op->time_text, dpkg_action_name(op->action), op->package,
             op->arch, op->before, op->after, op->nth, outcome_names[op->outcome]);
    const struct bytes whole = bytes_of(text);
    keyed_hash_parts(hex, secret, &whole, 1);
    snprintf(ret, KEY_LEN, "op:%s", hex);
}

static bool is_removal(const struct dpkg_operation *op) {
    return op->action == DPKG_REMOVE || op->action == DPKG_PURGE || op->action == DPKG_DISAPPEAR;
}

static const char *kind_of(const struct dpkg_operation *op) {
    if (op->outcome != DPKG_DONE) return "install.failed";
    switch (op->action) {
    case DPKG_INSTALL:
        return "install.installed";
    case DPKG_UPGRADE:
        return "install.upgraded";
    case DPKG_CONFIGURE:
        return "install.configured";
    default:
        return "install.removed";
    }
}

/* Which step a failed operation got stuck in. */
static const char *step_of(const struct dpkg_operation *op) {
    if (is_removal(op)) return "remove";
    bool unpacked = op->state == DPKG_UNPACKED || op->state == DPKG_HALF_CONFIGURED || op->state == DPKG_TRIGGERS_AWAITED ||
                    op->state == DPKG_TRIGGERS_PENDING || op->action == DPKG_CONFIGURE;
    return unpacked ? "configure" : "unpack";
}

/* Unknown values are left out. */
static int put_body(struct buf *out, const struct dpkg_operation *op, struct err *err) {
    bool failed = op->outcome != DPKG_DONE, ended = op->outcome != DPKG_UNFINISHED;
    struct mp_map map;
    mp_map_init(&map, BODY_MAX);
    mp_map_text(&map, "arch", bytes_of(op->arch));
    mp_map_uint(&map, "at", op->at);
    mp_map_text(&map, "at_text", bytes_of(op->at_exact ? "" : op->time_text));
    if (ended) {
        mp_map_uint(&map, "ended_at", op->ended_at);
    }
    mp_map_text(&map, "manager", bytes_of("dpkg"));
    if (failed) {
        mp_map_text(&map, "action", bytes_of(dpkg_action_name(op->action)));
        mp_map_text(&map, "outcome", bytes_of(ended ? "rolled_back" : "unfinished"));
        mp_map_text(&map, "step", bytes_of(step_of(op)));
    } else if (is_removal(op)) {
        mp_map_bool(&map, "purged", op->state == DPKG_NOT_INSTALLED);
    }
    mp_map_text(&map, "package", bytes_of(op->package));
    mp_map_text(&map, "status", bytes_of(op->state != DPKG_NO_STATE ? dpkg_state_name(op->state) : ""));
    mp_map_text(&map, "version", bytes_of(op->after));
    mp_map_text(&map, "version_before", bytes_of(op->before));
    int rc = mp_map_write(&map, out, err);
    mp_map_done(&map);
    return rc;
}

static int add_operation(void *ctx, const struct dpkg_operation *op, struct err *err) {
    struct reading *r = ctx;
    char key[KEY_LEN], subject[64 + DPKG_NAME_MAX + DPKG_ARCH_MAX];
    make_key(op, intake_secret(r->run), key);
    snprintf(subject, sizeof(subject), "package/dpkg/%s%s%s", op->package, op->arch[0] != '\0' ? ":" : "", op->arch);
    struct buf body = {.max = BODY_MAX};
    int rc = put_body(&body, op, err);
    struct log_draft draft;
    log_draft_init(&draft);
    draft.kind = bytes_of(kind_of(op));
    draft.subject = bytes_of(subject);
    draft.key = bytes_of(key);
    draft.grade = bytes_of("reported");
    draft.body = bytes_of_buf(&body);
    if (rc == 0) rc = intake_add(r->run, &draft, &op->place, op->at, err);
    buf_done(&body);
    return rc;
}

/* ---- files -------------------------------------------------------------------------------------------------------- */

static int add_file(struct reading *r, const char *path, struct err *err) {
    if (r->n_files == FILES_MAX) {
        return err_set(err, ERR_LIMIT, "more than %d log files", FILES_MAX);
    }
    char *copy = strdup(path);
    if (copy == NULL) return err_set(err, ERR_NOMEM, "dpkg: out of memory");
    r->files[r->n_files++] = copy;
    struct stat st;
    r->total += stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    return 0;
}

/* dpkg.log, dpkg.log.N, dpkg.log.N.gz */
static bool is_log_name(const char *name) {
    static const char base[] = "dpkg.log";
    if (strncmp(name, base, sizeof(base) - 1) != 0) return false;
    const char *rest = name + sizeof(base) - 1;
    size_t n = strlen(rest);
    if (n == 0) return true;
    if (n > 3 && strcmp(rest + n - 3, ".gz") == 0) {
        n -= 3;
    }
    return rest[0] == '.' && n > 1 && strspn(rest + 1, "0123456789") == n - 1;
}

static int add_directory(struct reading *r, const char *path, struct err *err) {
    DIR *dir = opendir(path);
    if (dir == NULL) return err_errno(err, errno, "%s", path);
    size_t before = r->n_files;
    int rc = 0;
    for (struct dirent *e; rc == 0 && (e = readdir(dir)) != NULL;) {
        char full[FILE_PATH_MAX];
        if (is_log_name(e->d_name)) {
            rc = file_join(full, path, e->d_name, err);
            rc = rc == 0 ? add_file(r, full, err) : rc;
        }
    }
    closedir(dir);
    if (rc == 0 && r->n_files == before) {
        return err_set(err, ERR_NOTFOUND, "%s: no dpkg.log in this directory", path);
    }
    return rc;
}

static int oldest_first(const void *a, const void *b) {
    const char *const *x = a, *const *y = b;
    unsigned nx = dpkg_rotation(*x), ny = dpkg_rotation(*y);
    return nx != ny ? (nx > ny ? -1 : 1) : strcmp(*x, *y);
}

/* While a log is being compressed, both dpkg.log.2 and dpkg.log.2.gz exist: the first is complete. */
static void drop_duplicates(struct reading *r) {
    size_t kept = 0;
    for (size_t i = 0; i < r->n_files; i++) {
        size_t n = kept > 0 ? strlen(r->files[kept - 1]) : 0;
        if (kept > 0 && strncmp(r->files[i], r->files[kept - 1], n) == 0 &&
            (r->files[i][n] == '\0' || strcmp(r->files[i] + n, ".gz") == 0)) {
            free(r->files[i]);
        } else {
            r->files[kept++] = r->files[i];
        }
    }
    r->n_files = kept;
}

static int find_files(struct reading *r, struct err *err) {
    const struct ingest_options *o = intake_options(r->run);
    char log_dir[FILE_PATH_MAX];
    int n = snprintf(log_dir, sizeof(log_dir), "%s/var/log", o->root != NULL && strcmp(o->root, "/") != 0 ? o->root : "");
    if (n < 0 || (size_t)n >= sizeof(log_dir)) {
        return err_set(err, ERR_LIMIT, "root: the path is longer than %d bytes", FILE_PATH_MAX);
    }
    const char *const standard[] = {log_dir};
    const char *const *paths = o->n_paths > 0 ? o->paths : standard;
    size_t n_paths = o->n_paths > 0 ? o->n_paths : 1;
    int rc = 0;
    for (size_t i = 0; i < n_paths && rc == 0; i++) {
        struct stat st;
        if (stat(paths[i], &st) != 0) {
            rc = err_errno(err, errno, "%s", paths[i]);
        } else {
            rc = S_ISDIR(st.st_mode) ? add_directory(r, paths[i], err) : add_file(r, paths[i], err);
        }
    }
    if (rc == 0) {
        qsort(r->files, r->n_files, sizeof(r->files[0]), oldest_first);
        drop_duplicates(r);
    }
    return rc;
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

static int take_line(struct reading *r, const char *file, const struct lines_line *line, struct err *err) {
    const struct dpkg_sink sink = {r, add_operation};
    const struct ingest_place place = {file, line->number, line->offset};
    struct dpkg_line parsed;
    struct err why = {0};
    if (line->too_long) {
        return intake_reject(r->run, &place, NULL, "the line is longer than any that dpkg writes");
    }
    if (line->text.n == 0) return 0;
    if (dpkg_parse(line->text, &parsed, &why) != 0) {
        char reason[ERR_MSG_MAX];
        snprintf(reason, sizeof(reason), "%s%.900s", line->ended ? "" : "the last line is cut off: ", why.msg);
        return intake_reject(r->run, &place, NULL, reason);
    }
    return dpkg_ops_take(r->ops, &parsed, &place, &sink, err);
}

/* The next line, unless the file is a decompression bomb. */
static int next_line(struct lines *lines, struct lines_line *ret, struct err *err) {
    uint64_t content = lines_offset(lines), stored = gz_taken(lines_gz(lines));
    if (content > RATIO_FREE && content / RATIO_MAX > stored) {
        return err_set(
            err, ERR_LIMIT,
            "the content is more than %d times as large as its gzip file, past byte %llu; no log compresses that well",
            RATIO_MAX, (unsigned long long)content);
    }
    return lines_next(lines, -1, ret, err);
}

/* A file that cannot be read to its end is a rejection: what was read of it counts, and so do the other files. Operations
 * open where it broke off are dropped: they may have ended in the lost part, and must not be recorded as unfinished. */
static int reject_file(struct reading *r, const char *file, uint64_t offset, const struct err *why, struct err *err) {
    if (why->code == ERR_NOMEM) return err_set(err, why->code, "%s", why->msg);
    if (why->code != ERR_INVALID) { /* not a log at all: it has no operations */
        dpkg_ops_free(r->ops);
        r->ops = dpkg_ops_new();
        if (r->ops == NULL) return err_set(err, ERR_NOMEM, "dpkg: out of memory");
    }
    return intake_reject_file(r->run, file, offset, why);
}

static int read_lines(struct reading *r, const char *file, struct lines *lines, struct err *err) {
    struct lines_line line;
    struct err why = {0};
    int rc = 0;
    while (rc == 0 && !intake_stopped(r->run)) {
        rc = next_line(lines, &line, &why);
        if (rc < 0) return reject_file(r, file, lines_offset(lines), &why, err);
        if (rc == 0) {
            rc = take_line(r, file, &line, err);
            intake_progress(r->run, r->done + gz_taken(lines_gz(lines)), r->total);
        }
    }
    if (rc == 1 && lines_at_end(lines) && lines_rest(lines, &line) == 0) {
        rc = take_line(r, file, &line, err);
    }
    return rc == 1 ? 0 : rc;
}

static bool is_line(struct bytes line, bool alone) {
    struct dpkg_line parsed;
    (void)alone;
    return dpkg_parse(line, &parsed, NULL) == 0;
}

static int read_file(struct reading *r, const char *file, struct err *err) {
    static const struct recognize_own own = {.is_line = is_line, .wanted = "dpkg's log (/var/log/dpkg.log)"};
    struct gz *gz = NULL;
    struct lines *lines = NULL;
    struct err why = {0};
    bool foreign = false;
    int rc = gz_open(file, GZ_REGULAR, CONTENT_MAX, &gz, &why);
    if (rc < 0) return reject_file(r, file, 0, &why, err);
    rc = recognize_input(r->run, gz, file, &own, &foreign, &why);
    if (rc < 0 || foreign) {
        gz_close(gz);
        return rc < 0 ? reject_file(r, file, 0, &why, err) : rc;
    }
    rc = lines_new(gz, intake_digest(r->run), intake_options(r->run)->stop, &lines, err);
    if (rc == 0) {
        rc = read_lines(r, file, lines, err);
        r->done += gz_taken(lines_gz(lines));
    }
    lines_free(lines);
    return rc;
}

static int read_all(struct reading *r, struct err *err) {
    const struct dpkg_sink sink = {r, add_operation};
    size_t held = 0;
    int rc = 0;
    intake_begin(r->run, "dpkg.log");
    for (size_t i = 0; i < r->n_files && rc == 0 && !intake_stopped(r->run); i++) {
        rc = read_file(r, r->files[i], err);
    }
    if (rc == 0 && !intake_stopped(r->run)) {
        rc = dpkg_ops_end(r->ops, clock_wall_ns(), &sink, &held, err);
    }
    if (rc == 0) rc = intake_end(r->run, err);
    return rc;
}

int dpkg_read(struct intake *run, struct err *err) {
    struct reading *r = calloc(1, sizeof(*r));
    if (r == NULL) return err_set(err, ERR_NOMEM, "dpkg: out of memory");
    r->run = run;
    r->ops = dpkg_ops_new();
    int rc = r->ops != NULL ? 0 : err_set(err, ERR_NOMEM, "dpkg: out of memory");
    if (rc == 0) rc = find_files(r, err);
    if (rc == 0) rc = read_all(r, err);
    for (size_t i = 0; i < r->n_files; i++) {
        free(r->files[i]);
    }
    dpkg_ops_free(r->ops);
    free(r);
    return rc;
}

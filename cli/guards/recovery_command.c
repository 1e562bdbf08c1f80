/* Snapshots of a file system: the configuration says how one is taken and how to ask for it. No shell reads either command.
 * That the snapshot exists is verified; that its content is what it should be is the file system's promise, and the event
 * says so (verified_by=listing). */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/spawn.h"
#include "base/text.h"
#include "cli/guards/recovery.h"

#define TAKE_NS     (600 * CLOCK_NS_PER_S)
#define CHECK_NS    (60 * CLOCK_NS_PER_S)
#define OUTPUT_MAX  ((size_t)1 << 20)
#define MOUNTS_MAX  ((size_t)4 << 20)
#define SAID_MAX    300
#define MOUNT_PATH  4 /* fields of a line of mountinfo, before its dash */
#define MOUNTS_FILE "/proc/self/mountinfo"

/* ---- what is mounted there ---- */

/* Undoes \ooo. */
static void unescape(struct bytes text, char ret[FILE_PATH_MAX]) {
    size_t n = 0;
    for (size_t i = 0; i < text.n && n + 1 < FILE_PATH_MAX; i++, n++) {
        const uint8_t *p = text.p + i;
        bool octal = p[0] == '\\' && i + 3 < text.n && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' &&
                     p[3] >= '0' && p[3] <= '7';
        ret[n] = (char)(octal ? (p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0') : p[0]);
        i += octal ? 3 : 0;
    }
    ret[n] = '\0';
}

static struct bytes next_part(struct bytes *rest, uint8_t end) {
    const uint8_t *at = bytes_find(*rest, end);
    struct bytes part = {rest->p, at != NULL ? (size_t)(at - rest->p) : rest->n};
    size_t used = part.n + (at != NULL);
    *rest = (struct bytes){rest->p + used, rest->n - used};
    return part;
}

static bool is_below(const char *path, const char *dir) {
    size_t n = strcmp(dir, "/") == 0 ? 0 : strlen(dir);
    return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* The mount of the longest path; of several there, the last one covers the others. */
static int find_source(const char *path, char ret[FILE_PATH_MAX], struct err *err) {
    struct buf text = {.max = MOUNTS_MAX};
    size_t longest = 0;
    int rc = file_read(MOUNTS_FILE, &text, err);
    struct bytes rest = bytes_of_buf(&text);
    while (rc == 0 && rest.n > 0) {
        struct bytes line = next_part(&rest, '\n'), part = {0};
        char mount[FILE_PATH_MAX];
        for (int i = 0; i <= MOUNT_PATH; i++) {
            part = next_part(&line, ' ');
        }
        unescape(part, mount);
        while (line.n > 0 && !bytes_is(part, "-")) {
            part = next_part(&line, ' ');
        }
        (void)next_part(&line, ' '); /* its type */
        if (is_below(path, mount) && strlen(mount) >= longest) {
            longest = strlen(mount);
            unescape(next_part(&line, ' '), ret);
        }
    }
    buf_done(&text);
    return rc != 0 || longest > 0 ? rc : err_set(err, ERR_INVALID, "nothing is known to be mounted at '%.300s'", path);
}

/* A file system below it, or a subvolume: they have other device numbers. */
int snapshot_command_holds(const struct snapshot_command *of, struct err *err) {
    char *path = strdup(of->path);
    char *const paths[] = {path, NULL};
    FTS *tree = path != NULL ? fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
    FTSENT *e;
    int rc = tree != NULL ? 0 : err_set(err, ERR_NOMEM, "no memory for reading directories");
    dev_t device = 0;
    while (rc == 0 && (errno = 0, e = fts_read(tree)) != NULL) {
        if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR) {
            rc = err_set(err, ERR_IO, "cannot read '%.300s': %s", e->fts_path, strerror(e->fts_errno));
        } else if (e->fts_info == FTS_D && e->fts_level == FTS_ROOTLEVEL) {
            device = e->fts_dev;
        } else if (e->fts_info == FTS_D && e->fts_dev != device) {
            rc = err_set(err, ERR_INVALID,
                         "'%.300s' is another file system or subvolume, which a snapshot of '%.300s' does not hold",
                         e->fts_path, of->path);
        }
    }
    if (rc == 0 && errno != 0) rc = err_set(err, ERR_IO, "cannot read '%.300s': %s", of->path, strerror(errno));
    if (tree != NULL) fts_close(tree);
    free(path);
    return rc;
}

/* ---- the commands ---- */

int snapshot_command_config(const char *ledger_dir, struct config *ret, struct err *err) {
    char path[FILE_PATH_MAX];
    struct stat st;
    int rc = file_join(path, ledger_dir, "config", err);
    if (rc == 0 && stat(path, &st) == 0 &&
        ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)) {
        return err_set(
            err, ERR_INVALID,
            "'%.300s' names commands to run, and somebody else may write to it: expected it to be yours or root's, "
            "and writable by nobody else",
            path);
    }
    return rc == 0 ? config_load(ledger_dir, ret, err) : rc;
}

int snapshot_command_find(const struct config *config, const char *method, const char *path, const char *name,
                          struct snapshot_command *ret, struct err *err) {
    size_t m = 0;
    while (m < CONFIG_METHODS && strcmp(config_methods[m], method) != 0) {
        m++;
    }
    if (m == CONFIG_METHODS) return err_set(err, ERR_INVALID, "'%.60s' is no method; expected btrfs, zfs or lvm", method);
    *ret = (struct snapshot_command){
        .method = config_methods[m], .take = &config->take[m], .check = &config->check[m], .path = path, .name = name};
    if (ret->take->n == 0 || ret->check->n == 0) {
        return err_set(err, ERR_INVALID,
                       "'snapshot_%s%s' is not set in the ledger's file 'config' (docs/guards.md has examples)",
                       ret->method, ret->take->n == 0 ? "" : "_check");
    }
    return find_source(path, ret->source, err);
}

int snapshot_command_words(const struct snapshot_command *of, const struct config_command *command, struct buf *out,
                           size_t *ret_n, struct err *err) {
    const struct {
        const char *name, *value;
    } fills[] = {{"${path}", of->path}, {"${source}", of->source}, {"${name}", of->name}};
    const char *at = command->text;
    for (size_t i = 0; i < command->n; i++, at++) {
        while (*at != '\0') {
            size_t k = 0;
            while (k < 3 && strncmp(at, fills[k].name, strlen(fills[k].name)) != 0) {
                k++;
            }
            if (k < 3) {
                buf_put_str(out, fills[k].value);
                at += strlen(fills[k].name);
            } else {
                buf_put_u8(out, (uint8_t)*at++);
            }
        }
        buf_put_u8(out, 0);
    }
    *ret_n = command->n;
    return buf_check(out, "a command", err);
}

/* Of a check only standard output counts: an error message may name what does not exist. */
static int run(const struct snapshot_command *of, bool takes, struct buf *out, int *ret_status, struct err *err) {
    const struct config_command *command = takes ? of->take : of->check;
    struct buf words = {.max = SNAPSHOT_WORDS_MAX};
    size_t n = 0;
    int rc = snapshot_command_words(of, command, &words, &n, err);
    const char **argv = rc == 0 ? calloc(n + 1, sizeof(*argv)) : NULL;
    if (rc == 0 && argv == NULL) rc = err_set(err, ERR_NOMEM, "no memory for a command");
    const char *at = (const char *)words.p;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        argv[i] = at;
        at += strlen(at) + 1;
    }
    if (rc == 0) {
        const struct spawn spawn = {.argv = argv, .limit_ns = takes ? TAKE_NS : CHECK_NS, .errors = takes};
        rc = spawn_run(&spawn, out, ret_status, err);
    }
    free(argv);
    buf_done(&words);
    return rc;
}

/* What a command printed, for a message. */
static const char *said(const struct buf *out, char room[SAID_MAX]) {
    size_t n = out->n < SAID_MAX - 3 ? out->n : SAID_MAX - 3;
    while (n > 0 && (out->p[n - 1] == '\n' || out->p[n - 1] == ' ')) {
        n--;
    }
    snprintf(room, SAID_MAX, "%s%.*s", n > 0 ? ": " : "", (int)n, n > 0 ? (const char *)out->p : "");
    return room;
}

int snapshot_command_take(const struct snapshot_command *of, struct err *err) {
    struct buf out = {.max = OUTPUT_MAX};
    char room[SAID_MAX];
    int status = 0;
    int rc = run(of, true, &out, &status, err);
    if (rc == 0 && status != 0) {
        rc = err_set(err, ERR_CONFLICT, "the command of 'snapshot_%s' failed with status %d%s", of->method, status,
                     said(&out, room));
    }
    buf_done(&out);
    return rc;
}

int snapshot_command_check(const struct snapshot_command *of, struct err *err) {
    struct buf out = {.max = OUTPUT_MAX};
    char room[SAID_MAX];
    int status = 0;
    int rc = run(of, false, &out, &status, err);
    if (rc == 0 && status != 0) {
        rc = err_set(err, ERR_NOTFOUND, "the command of 'snapshot_%s_check' failed with status %d%s", of->method, status,
                     said(&out, room));
    } else if (rc == 0 && (out.n == 0 || memmem(out.p, out.n, of->name, strlen(of->name)) == NULL)) {
        rc = err_set(err, ERR_NOTFOUND, "the command of 'snapshot_%s_check' does not name '%.64s'%s", of->method, of->name,
                     said(&out, room));
    }
    buf_done(&out);
    return rc;
}

/* What the command names is found among its words: a word that is the path of something is bound at that path, read-only. A link is
 * seen with the directory in which it is, so that it leads somewhere. */
#include "cli/promote/trial.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/spawn.h"
#include "cli/call/cli.h"
#include "packs/life/program.h"
#include "packs/run/running.h"
#include "work/process.h"

#define TRIAL_MS 3600000

/* ---- the program ---- */

/* The command's directories are those of PATH; no shell reads it. */
static int find_program(const char *name, char ret[FILE_PATH_MAX], struct err *err) {
    const char *path = cli_env("PATH");
    char dir[FILE_PATH_MAX];
    if (strchr(name, '/') != NULL) {
        char *real = realpath(name, NULL);
        int rc =
            real != NULL ? file_join(ret, "", real + 1, err) : err_set(err, ERR_INVALID, "'%.200s' does not exist", name);
        free(real);
        return rc;
    }
    for (path = path != NULL ? path : SPAWN_PATH; *path != '\0'; path += *path == ':') {
        size_t n = strcspn(path, ":");
        snprintf(dir, sizeof(dir), "%.*s", (int)n, path);
        path += n;
        if (n > 0 && dir[0] == '/' && file_join(ret, dir, name, err) == 0 && access(ret, X_OK) == 0) return 0;
    }
    return err_set(err, ERR_INVALID, "there is no program '%.200s'", name);
}

/* ---- what it sees ---- */

struct sights {
    struct work_bind bind[TRIAL_PATHS_MAX];
    char inside[TRIAL_PATHS_MAX][FILE_PATH_MAX];
    size_t n;
    char cwd[FILE_PATH_MAX];
};

static bool is_below(const char *path, const char *dir) {
    size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Without '.', '..' and double slashes; '..' goes by the text. */
static int make_plain(const struct sights *s, const char *path, char ret[FILE_PATH_MAX], struct err *err) {
    char whole[2 * FILE_PATH_MAX];
    size_t n = 0;
    snprintf(whole, sizeof(whole), "%s/%s", path[0] == '/' ? "" : s->cwd, path);
    if (strlen(whole) >= FILE_PATH_MAX) return err_set(err, ERR_INVALID, "'%.200s' is too long a path", path);
    ret[0] = '\0';
    for (char *save = NULL, *part = strtok_r(whole, "/", &save); part != NULL; part = strtok_r(NULL, "/", &save)) {
        if (strcmp(part, ".") == 0) continue;
        if (strcmp(part, "..") == 0) {
            char *cut = strrchr(ret, '/');
            n = cut != NULL ? (size_t)(cut - ret) : 0;
            ret[n] = '\0';
        } else {
            n += (size_t)snprintf(ret + n, FILE_PATH_MAX - n, "/%s", part);
        }
    }
    return 0;
}

static int add_plain(struct sights *s, const char *path, struct err *err) {
    for (size_t i = 0; i < s->n; i++) {
        if (is_below(path, s->inside[i])) return 0;
    }
    if (s->n == TRIAL_PATHS_MAX) return err_set(err, ERR_INVALID, "the command names more than %d paths", TRIAL_PATHS_MAX);
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) return err_set(err, ERR_INVALID, "'%.300s' cannot be opened", path);
    snprintf(s->inside[s->n], FILE_PATH_MAX, "%s", path);
    s->bind[s->n] = (struct work_bind){fd, s->inside[s->n], false};
    s->n++;
    return 0;
}

/* The libraries and data of the system are seen anyway; its other directories are nobody's to compare. */
static bool is_system(const char *path) {
    static const char *const dirs[] = {"/usr", "/lib", "/lib64", "/bin", "/sbin", "/dev", "/proc", "/sys"};
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        if (is_below(path, dirs[i])) return true;
    }
    return path[0] == '\0';
}

static int add(struct sights *s, const char *word, struct err *err) {
    char path[FILE_PATH_MAX], dir[FILE_PATH_MAX];
    struct stat st;
    int rc = make_plain(s, word, path, err);
    if (rc != 0 || is_system(path) || lstat(path, &st) != 0) return rc;
    if (!S_ISLNK(st.st_mode)) return add_plain(s, path, err);
    char *real = realpath(path, NULL);
    rc = file_parent(dir, path, err);
    if (rc == 0 && !is_system(dir)) rc = add_plain(s, dir, err);
    if (rc == 0 && real != NULL && !is_system(real)) rc = add_plain(s, real, err);
    free(real);
    return rc;
}

static int find_sights(const struct trial_how *how, struct sights *s, struct err *err) {
    int rc = getcwd(s->cwd, sizeof(s->cwd)) != NULL ? 0 : err_set(err, ERR_IO, "there is no current directory");
    for (size_t i = 0; rc == 0 && i < how->n_paths; i++) {
        rc = access(how->paths[i], F_OK) == 0 ? add(s, how->paths[i], err)
                                              : err_set(err, ERR_INVALID, "'%.300s' does not exist", how->paths[i]);
    }
    for (size_t i = 1; rc == 0 && i < how->n; i++) {
        rc = add(s, how->words[i], err);
    }
    return rc;
}

static void sights_done(struct sights *s) {
    for (size_t i = 0; i < s->n; i++) {
        close(s->bind[i].fd);
    }
}

/* Where it starts: in the current directory, if that is there. */
static const char *directory_of(const struct sights *s) {
    for (size_t i = 0; i < s->n; i++) {
        if (is_below(s->inside[i], s->cwd) || is_below(s->cwd, s->inside[i])) return s->cwd;
    }
    return NULL;
}

/* ---- running ---- */

static int take_output(int fd, bool cut, struct buf *out, struct err *err) {
    uint8_t piece[4096];
    ssize_t n = 0;
    for (off_t at = 0; (n = pread(fd, piece, sizeof(piece), at)) > 0; at += n) {
        buf_put(out, piece, (size_t)n);
    }
    if (n < 0) return err_set(err, ERR_IO, "cannot read what the command printed");
    return cut ? err_set(err, ERR_INVALID, "the command printed more than %zu bytes", out->max)
               : buf_check(out, "what the command printed", err);
}

/* Programs that it may start: those that are named, and those of a script's first line. */
struct starting {
    struct work_program program[TRIAL_PATHS_MAX + PROGRAM_INTERPRETERS];
    char path[TRIAL_PATHS_MAX][FILE_PATH_MAX];
    struct program interpreter[PROGRAM_INTERPRETERS];
    size_t n;
};

static int find_starting(const struct trial_how *how, const char *program, struct starting *s, struct err *err) {
    char line[PROGRAM_LINE];
    const char *names[PROGRAM_INTERPRETERS];
    int fd = open(program, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    size_t n = fd >= 0 ? program_interpreters(fd, line, names) : 0;
    int rc = 0;
    if (fd >= 0) close(fd);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = program_find(bytes_of(names[i]), "/", &s->interpreter[i], err);
        s->program[s->n++] = (struct work_program){-1, s->interpreter[i].inside};
        if (rc != 0) err_prefix(err, "the interpreter of '%.200s'", how->words[0]);
    }
    for (size_t i = 0; rc == 0 && i < how->n_programs; i++) {
        rc = find_program(how->programs[i], s->path[i], err);
        s->program[s->n++] = (struct work_program){-1, s->path[i]};
    }
    return rc;
}

/* Status is the exit code, or -1: it was ended; `why` says by what. */
static int run_confined(struct work_host *host, const struct trial_how *how, const char *const *argv, struct buf *out,
                        int *ret_status, char why[120], struct err *err) {
    static const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", NULL};
    struct sights *sights = calloc(1, sizeof(*sights));
    struct starting *starting = calloc(1, sizeof(*starting));
    struct work_result result = {0};
    int fd = memfd_create("trial", MFD_CLOEXEC);
    int rc = sights != NULL && starting != NULL && fd >= 0 ? 0 : err_set(err, ERR_NOMEM, "no memory for a trial");
    if (rc == 0) rc = find_sights(how, sights, err);
    if (rc == 0) rc = find_starting(how, argv[0], starting, err);
    const struct work_process process = {.program = argv[0],
                                         .argv = argv,
                                         .environment = environment,
                                         .directory = rc == 0 ? directory_of(sights) : NULL,
                                         .input = -1,
                                         .output = fd,
                                         .error = fd,
                                         .binds = rc == 0 ? sights->bind : NULL,
                                         .binds_n = rc == 0 ? sights->n : 0,
                                         .programs = rc == 0 ? starting->program : NULL,
                                         .programs_n = rc == 0 ? starting->n : 0,
                                         .limit = {.wall_ms = TRIAL_MS, .output = out->max},
                                         .stop = -1};
    if (rc == 0) {
        rc = work_process_run(host, &process, &result, err);
        if (rc == 0 && result.end == WORK_NOT_STARTED) {
            rc = err_set(
                err, ERR_INVALID,
                "the command cannot be confined: %s; --program NAME lets it start a program, --unconfined runs it as it is",
                result.why);
        }
        if (rc == 0) rc = take_output(fd, result.output_cut, out, err);
        *ret_status = result.end == WORK_EXITED ? result.code : -1;
        snprintf(why, 120, "%.119s", result.why[0] != '\0' ? result.why : work_end_name(result.end));
        work_result_done(&result);
    }
    if (fd >= 0) close(fd);
    if (sights != NULL) sights_done(sights);
    free(sights);
    free(starting);
    return rc;
}

static void judge(const struct trial_how *how, const char *program, int status, const char *why, struct trial_end *ret) {
    const char *name = strrchr(program, '/');
    bool diff = how->diff || strcmp(name != NULL ? name + 1 : program, "diff") == 0;
    ret->passed = status == 0 || (diff && status == 1);
    if (status < 0) {
        snprintf(ret->said, sizeof(ret->said), "it was ended: %.100s", why);
    } else {
        snprintf(ret->said, sizeof(ret->said), "exit status %d%s", status,
                 !diff         ? ""
                 : status == 0 ? ": there is no difference"
                 : status == 1 ? ": there are differences"
                               : ": it could not compare");
    }
}

int trial_run(struct ledger *ledger, const struct trial_how *how, struct buf *out, struct trial_end *ret, struct err *err) {
    char program[FILE_PATH_MAX], why[120] = "";
    const char **argv = calloc(how->n + 1, sizeof(*argv));
    struct work_host *host = NULL;
    struct err none = {0};
    int status = 0;
    int rc = argv != NULL ? find_program(how->words[0], program, err) : err_set(err, ERR_NOMEM, "no memory for a command");
    for (size_t i = 0; rc == 0 && i < how->n; i++) {
        argv[i] = i == 0 ? program : how->words[i];
    }
    if (rc == 0 && !how->unconfined) {
        rc = running_host(ledger, NULL, false, &host, &none);
        ret->confined = rc == 0;
        if (rc != 0 && rc != ERR_NOTFOUND && rc != ERR_VERSION) *err = none;
        rc = rc == ERR_NOTFOUND || rc == ERR_VERSION ? 0 : rc;
    }
    const struct spawn spawn = {.argv = argv, .limit_ns = TRIAL_MS * UINT64_C(1000000), .errors = true};
    if (rc == 0 && host != NULL) rc = run_confined(host, how, argv, out, &status, why, err);
    if (rc == 0 && host == NULL) rc = spawn_run(&spawn, out, &status, err);
    if (rc == 0) judge(how, program, status, why, ret);
    work_host_close(host);
    free(argv);
    return rc;
}

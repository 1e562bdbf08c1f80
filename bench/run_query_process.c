/* The events of a run, queried by a separate process: `ledger query --run X` against the sqlite3 shell, from the start of
 * each to its exit, with output written to a file. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/run_query.h"

#define STARTS     100
#define OUTPUT_MAX ((size_t)64 << 20)
#define TARGET     0.5

struct shells {
    char ledger[FILE_PATH_MAX], dir[FILE_PATH_MAX], database[FILE_PATH_MAX], output[FILE_PATH_MAX];
    char home[FILE_PATH_MAX + 32], config[FILE_PATH_MAX + 32];
    struct buf text;
};

/* Starts a program that is found in PATH, its output in s->output, and waits for it. ERR_NOTFOUND: there is none. */
static int program_time(const struct shells *s, const char *file, char *const argv[], double *ret_s, struct err *err) {
    char home[sizeof(s->home)], config[sizeof(s->config)], path[4096 + 8];
    char *env[] = {home, config, path, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status = 0, rc = 0;
    memcpy(home, s->home, sizeof(home));
    memcpy(config, s->config, sizeof(config));
    snprintf(path, sizeof(path), "PATH=%s", getenv("PATH") != NULL ? getenv("PATH") : "/usr/bin:/bin");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, s->output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    double start = metric_now();
    int code = posix_spawnp(&pid, file, &actions, NULL, argv, env);
    if (code != 0) {
        rc = code == ENOENT ? err_set(err, ERR_NOTFOUND, "there is no program %s", file) : err_errno(err, code, "%s", file);
    } else if (waitpid(pid, &status, 0) != pid) {
        rc = err_errno(err, errno, "%s", file);
    }
    *ret_s = metric_now() - start;
    posix_spawn_file_actions_destroy(&actions);
    if (rc == 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        rc = err_set(err, ERR_IO, "%s failed with status %#x", file, (unsigned)status);
    }
    return rc;
}

/* That the program printed so many lines. */
static int check_lines(struct shells *s, size_t wanted, const char *who, struct err *err) {
    size_t n = 0;
    buf_clear(&s->text);
    int rc = file_read(s->output, &s->text, err);
    for (size_t i = 0; i < s->text.n; i++) {
        n += s->text.p[i] == '\n';
    }
    if (rc == 0 && n != wanted) rc = err_set(err, ERR_CORRUPT, "%s printed %zu lines, not %zu", who, n, wanted);
    return rc;
}

static int ledger_time(struct shells *s, const char *id, double *ret_s, struct err *err) {
    char name[] = "ledger", dir_option[] = "--dir", verb[] = "query", run_option[] = "--run", run[40];
    memcpy(run, id, sizeof(run));
    char *argv[] = {name, dir_option, s->dir, verb, run_option, run, NULL};
    int rc = program_time(s, s->ledger, argv, ret_s, err);
    if (rc == 0) rc = check_lines(s, WORKLOAD_STEPS + 1, "ledger", err);
    return rc; /* one line of names */
}

static int sqlite_time(struct shells *s, const char *id, double *ret_s, struct err *err) {
    char name[] = "sqlite3", option[] = "-readonly", statement[BENCH_LINE_MAX];
    char *argv[] = {name, option, s->database, statement, NULL};
    snprintf(statement, sizeof(statement), "SELECT seq, time, kind, subject, body FROM e WHERE run = '%s'", id);
    int rc = program_time(s, "sqlite3", argv, ret_s, err);
    if (rc == 0) rc = check_lines(s, WORKLOAD_STEPS, "sqlite3", err);
    return rc;
}

static int start_all(struct shells *s, uint64_t made, struct metric_pairs *pairs, struct err *err) {
    int rc = 0;
    for (uint64_t i = 0; i < STARTS + 1 && rc == 0; i++) {
        char run[40];
        double ours = 0, theirs = 0;
        query_some_run(made, i, run);
        rc = sqlite_time(s, run, &theirs, err);
        if (rc == 0) rc = ledger_time(s, run, &ours, err);
        if (i > 0) { /* the first one loads the programs */
            metric_pairs_put(pairs, ours, theirs);
        }
    }
    return rc;
}

int run_query_process(struct bench *b, const char *database, struct err *err) {
    struct shells s = {0};
    struct err why = {0};
    struct metric_pairs *pairs = metric_pairs_new(err);
    buf_init(&s.text, OUTPUT_MAX);
    int rc = pairs != NULL ? 0 : ERR_NOMEM;
    if (rc == 0) rc = query_beside("ledger", s.ledger, err);
    if (rc == 0) rc = bench_path(b, "ledger", s.dir, err);
    if (rc == 0) rc = bench_path(b, "output", s.output, err);
    if (rc == 0) {
        snprintf(s.database, sizeof(s.database), "%s", database);
        snprintf(s.home, sizeof(s.home), "HOME=%s", b->dir);
        snprintf(s.config, sizeof(s.config), "XDG_CONFIG_HOME=%s", b->dir);
        rc = start_all(&s, b->next, pairs, &why);
        if (rc == ERR_NOTFOUND) {
            fprintf(stderr, " query_run_process is left out: %s ...", why.msg);
            rc = 0;
        } else if (rc != 0) {
            rc = err_set(err, rc, "%s", why.msg);
        } else {
            metric_time(&b->table, "query_run_process", "sqlite3 shell, index on run", pairs, TARGET);
        }
    }
    metric_pairs_free(pairs);
    buf_done(&s.text);
    return rc;
}

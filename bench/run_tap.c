/* What a tap adds to a message to a server and back: the program in front of `cat`, which answers each line with itself, against
 * `cat` alone and what a tap may add, in turns. A call that is permitted, so that the one that enforces records it before it passes. */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"

#define ROUNDS  30
#define ADDED   0.0002 /* s */
#define EACH    20     /* messages in one round */
#define LINE    4096
#define PROGRAM "ledger" /* beside the bench program */

extern char **environ;

struct served {
    pid_t pid;
    int in, out;
};

static int start(struct served *s, char *const *argv, struct err *err) {
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    posix_spawn_file_actions_t actions;
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) return err_set(err, ERR_IO, "no pipes");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    int n = posix_spawnp(&s->pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    (void)close(in[0]);
    (void)close(out[1]);
    s->in = in[1];
    s->out = out[0];
    return n == 0 ? 0 : err_errno(err, n, "'%s' cannot be started", argv[0]);
}

static void stop(struct served *s) {
    int status;
    if (s->pid <= 0) return;
    (void)close(s->in);
    (void)close(s->out);
    (void)waitpid(s->pid, &status, 0);
}

/* Sends the line and reads one back. */
static int once(const struct served *s, const char *line, char back[LINE], struct err *err) {
    size_t n = 0;
    if (file_put_all(s->in, (const uint8_t *)line, strlen(line)) != 0) return err_set(err, ERR_IO, "the server has gone");
    while (n == 0 || back[n - 1] != '\n') {
        ssize_t got = read(s->out, back + n, LINE - n - 1);
        if (got <= 0) return err_set(err, ERR_IO, "the server has gone");
        n += (size_t)got;
    }
    back[n] = '\0';
    return 0;
}

/* One durable event each, where there is one. */
struct beside {
    struct ledger *ledger; /* NULL: none */
    struct load load;
    uint64_t next;
};

/* Median time over a round of a call and its echo, and of the event before it. */
static int round_of(const struct served *s, struct beside *beside, int *id, double *ret_s, struct err *err) {
    struct metric_series *times = calloc(1, sizeof(*times));
    struct log_receipt receipt;
    char line[LINE], back[LINE];
    int rc = times != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    for (int i = 0; rc == 0 && i < EACH; i++) {
        (void)snprintf(
            line, sizeof(line),
            "{\"id\":%d,\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"arguments\":{\"path\":\"src/a.c\"},"
            "\"name\":\"read\"}}\n",
            ++*id);
        bool appends = beside != NULL && beside->ledger != NULL;
        if (appends) rc = load_make(&beside->load, beside->next++, 1, false, err);
        double begin = metric_now();
        if (rc == 0 && appends) rc = log_append(beside->ledger, &beside->load.w[0].draft, &receipt, NULL, err);
        if (rc == 0) rc = once(s, line, back, err);
        metric_put(times, metric_now() - begin);
        if (rc == 0 && strstr(back, "\"error\"") != NULL)
            rc = err_set(err, ERR_INVALID, "a call was refused: %.200s", back);
    }
    if (rc == 0) *ret_s = metric_median(times);
    free(times);
    return rc;
}

/* The list that the server is seen to offer: `cat` is given the answer to send back. */
static int list_tools(const struct served *s, struct err *err) {
    char back[LINE];
    int rc = once(s, "{\"id\":\"l\",\"jsonrpc\":\"2.0\",\"method\":\"tools/list\"}\n", back, err);
    return rc == 0 ? once(s, "{\"id\":\"l\",\"jsonrpc\":\"2.0\",\"result\":{\"tools\":[{\"name\":\"read\"}]}}\n", back, err)
                   : rc;
}

static int grant(const struct bench *b, const char *name, struct err *err) {
    struct ledger *ledger = NULL;
    struct log_draft draft;
    struct log_receipt receipt;
    struct buf body = {.max = 4096};
    int rc = bench_ledger_new(b, name, &ledger, err);
    if (rc == 0) rc = log_json_to_body(bytes_of("{\"group\":\"exec\",\"tier\":\"T3\"}"), &body, err);
    log_draft_init(&draft);
    draft.kind = bytes_of("permission.granted");
    draft.subject = bytes_of("server/bench");
    draft.actor = bytes_of("user:bench");
    draft.source = bytes_of("bench");
    draft.grade = bytes_of("reported");
    draft.body = bytes_of_buf(&body);
    if (rc == 0) rc = log_append(ledger, &draft, &receipt, NULL, err);
    log_close(ledger);
    buf_done(&body);
    return rc;
}

/* The tap, and the plain pipe, in turns. Where calls are judged, an event is appended before each message of the pipe: the disk
 * differs from one second to the next, and whoever waited for it is woken more slowly. */
static int take_turns(struct bench *b, const char *row, const struct served *tapped, const struct served *plain,
                      struct beside *beside, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err);
    int id = 0, rc = pairs != NULL ? 0 : ERR_NOMEM;
    for (int i = 0; rc == 0 && i < ROUNDS; i++) {
        double ours = 0, theirs = 0;
        rc = round_of(tapped, NULL, &id, &ours, err);
        if (rc == 0) rc = round_of(plain, beside, &id, &theirs, err);
        if (rc == 0 && i > 0) metric_pairs_put(pairs, ours, theirs + ADDED);
    }
    const char *baseline = beside->ledger != NULL ? "one append, the same pipe, and 0.2 ms" : "the same pipe, and 0.2 ms";
    if (rc == 0) metric_time(&b->table, row, baseline, pairs, 1);
    metric_pairs_free(pairs);
    return rc;
}

static int measure(struct bench *b, const char *row, bool enforce, struct err *err) {
    char dir[FILE_PATH_MAX], program[FILE_PATH_MAX], c[] = "-C", tap[] = "tap", mcp[] = "mcp", named[] = "--name=bench",
                                                     enforces[] = "--enforce", quiet[] = "--quiet", end[] = "--",
                                                     cat[] = "cat";
    char *const plain_argv[] = {cat, NULL};
    char *const tap_argv[] = {
        program, c, dir, quiet, tap, mcp, named, enforce ? enforces : end, enforce ? end : cat, enforce ? cat : NULL, NULL};
    struct served plain = {0}, tapped = {0};
    struct beside beside = {0};
    int rc = bench_path(b, row, dir, err);
    if (rc == 0) rc = grant(b, row, err);
    if (rc == 0 && enforce) rc = bench_ledger_new(b, "tap_append", &beside.ledger, err);
    ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
    char *slash = n > 0 ? memrchr(program, '/', (size_t)n) : NULL;
    if (rc == 0 && slash == NULL) rc = err_set(err, ERR_IO, "the program is not found");
    if (rc == 0) (void)snprintf(slash + 1, sizeof(program) - (size_t)(slash + 1 - program), PROGRAM);
    if (rc == 0) rc = start(&plain, plain_argv, err);
    if (rc == 0) rc = start(&tapped, tap_argv, err);
    if (rc == 0) rc = list_tools(&tapped, err);
    if (rc == 0) rc = take_turns(b, row, &tapped, &plain, &beside, err);
    stop(&tapped);
    stop(&plain);
    log_close(beside.ledger);
    load_done(&beside.load);
    return rc;
}

int run_tap(struct bench *b, struct err *err) {
    int rc = measure(b, "tap_records", false, err);
    if (rc == 0) rc = measure(b, "tap_enforces", true, err);
    return rc == 0 ? run_tap_http(b, err) : rc;
}

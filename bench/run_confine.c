/* confined_step: a confined process that does nothing, against bubblewrap alone doing nothing: what the keeper, the filters,
 * the limits and the watching add. The baseline gets the options that every step has, the same user, and the least that
 * /usr/bin/true needs.
 * pack_step: a step of a pack that does nothing, from its route's decision to its end, against the same: what the judging and
 * two durable commits add to that. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/run_pack.h"
#include "packs/run/run.h"
#include "work/process.h"

enum { ROUNDS = 100, STEPS = 50, ALLOWED_MS = 5, MS_PER_S = 1000, MANIFEST_MAX = 65536 };

static int once_confined(struct work_host *host, int null, double *ret_s, struct err *err) {
    const char *const argv[] = {"true", NULL};
    struct work_process process = {
        .program = "/usr/bin/true", .argv = argv, .input = null, .output = null, .error = null, .stop = -1};
    struct work_result result;
    double start = metric_now();
    int rc = work_process_run(host, &process, &result, err);
    *ret_s = metric_now() - start;
    if (rc == 0 && (result.end != WORK_EXITED || result.code != 0)) {
        rc = err_set(err, ERR_IO, "a step that does nothing fails: %s", result.why);
    }
    work_result_done(&result);
    return rc;
}

static int once_bare(uid_t uid, gid_t gid, double *ret_s, struct err *err) {
    static const char *const argv[] = {"bwrap",
                                       "--unshare-all",
                                       "--unshare-user",
                                       "--disable-userns",
                                       "--cap-drop",
                                       "ALL",
                                       "--new-session",
                                       "--die-with-parent",
                                       "--clearenv",
                                       "--ro-bind",
                                       "/usr",
                                       "/usr",
                                       "--symlink",
                                       "usr/lib",
                                       "/lib",
                                       "--symlink",
                                       "usr/lib64",
                                       "/lib64",
                                       "--proc",
                                       "/proc",
                                       "--dev",
                                       "/dev",
                                       "--",
                                       "/usr/bin/true",
                                       NULL};
    int status = -1;
    double start = metric_now();
    pid_t pid = fork();
    if (pid == 0) {
        if (getuid() == 0 && (setgid(gid) != 0 || setuid(uid) != 0)) {
            _exit(1);
        }
        execv(WORK_BWRAP, (char **)(uintptr_t)argv);
        _exit(1);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        return err_set(err, ERR_IO, "bubblewrap alone fails here");
    }
    *ret_s = metric_now() - start;
    return 0;
}

static void put_row(struct bench *b, const char *name, const struct metric_pairs *pairs) {
    double ours = metric_median(&pairs->ours) * MS_PER_S, allowed = metric_median(&pairs->theirs) * MS_PER_S + ALLOWED_MS;
    metric_row(&b->table, &(struct metric_row){.name = name,
                                               .unit = "ms",
                                               .baseline = "bwrap … true, and 5 ms",
                                               .value = ours,
                                               .baseline_value = allowed,
                                               .ratio = allowed / ours,
                                               .target = 1});
}

static int step_row(struct bench *b, struct work_host *host, uid_t uid, gid_t gid, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC),
        rc = pairs != NULL && null >= 0 ? 0 : err_set(err, ERR_IO, "/dev/null");
    for (int i = 0; i < ROUNDS && rc == 0; i++) {
        double ours = 0, theirs = 0;
        rc = once_bare(uid, gid, &theirs, err);
        if (rc == 0) rc = once_confined(host, null, &ours, err);
        metric_pairs_put(pairs, ours, theirs);
    }
    if (rc == 0) put_row(b, "confined_step", pairs);
    if (null >= 0) {
        close(null);
    }
    metric_pairs_free(pairs);
    return rc;
}

/* ---- pack_step -------------------------------------------------------------------------------------------------------- */

static int install_noop(struct bench *b, struct ledger *ledger, struct err *err) {
    char from[FILE_PATH_MAX];
    struct buf text = {.max = MANIFEST_MAX};
    struct depot depot = {.lock = -1};
    struct grants grants = {.arena.max = MANIFEST_MAX};
    const struct change change = {.ledger = ledger, .depot = &depot, .actor = "user:bench"};
    buf_put_str(&text, "schema: foundry-pack/v0\nname: noop\nversion: 1.0.0\nsummary: s\npublisher: example.org/bench\n"
                       "permissions:\n  - {group: exec, scope: 'true', tier: T0, required: true, reason: r}\n"
                       "routes:\n  - {name: noop, role: tool, program: 'true', required: true}\nsteps:\n");
    for (int i = 0; i < STEPS; i++) {
        buf_printf(&text, "  - {id: s%d, route: noop}\n", i);
    }
    int rc = pack_write(b, "noop", bytes_of_buf(&text), from, err);
    if (rc == 0) rc = grants_add(&grants, &(struct grant){.group = bytes_of("exec")}, err);
    if (rc == 0) rc = depot_open(log_dir(ledger), 0, &depot, err);
    if (rc == 0) rc = pack_install(&change, from, &grants, err);
    depot_close(&depot);
    grants_done(&grants);
    buf_done(&text);
    return rc;
}

struct stepping {
    struct metric_pairs *pairs;
    uid_t uid;
    gid_t gid;
    int rc;
    struct err *err;
};

/* A step has ended: the baseline is measured beside it. */
static void told(void *ctx, const struct run_told *told) {
    struct stepping *s = ctx;
    double theirs = 0;
    if (!told->ended || s->rc != 0) return;
    s->rc = told->status == RUN_OK ? once_bare(s->uid, s->gid, &theirs, s->err) : err_set(s->err, ERR_IO, "%s", told->why);
    metric_pairs_put(s->pairs, (double)told->ns / 1e9, theirs);
}

static int run_noop(struct bench *b, struct ledger *ledger, struct stepping *s, struct err *err) {
    struct run_result result;
    const struct run_options options = {.ledger = ledger,
                                        .pack = "noop",
                                        .workspace = b->dir,
                                        .actor = "user:bench",
                                        .demo = true,
                                        .stop_fd = -1,
                                        .told = told,
                                        .told_ctx = s};
    int rc = run_pack(&options, &result, err);
    if (rc == 0) rc = s->rc;
    return rc == 0 && s->pairs->ours.n == 0 ? err_set(err, ERR_IO, "no step ran: %s", result.why) : rc;
}

static int pack_row(struct bench *b, uid_t uid, gid_t gid, struct err *err) {
    struct ledger *ledger = NULL;
    struct stepping s = {.pairs = metric_pairs_new(err), .uid = uid, .gid = gid, .err = err};
    int rc = s.pairs != NULL ? bench_ledger_new(b, "steps", &ledger, err) : ERR_NOMEM;
    if (rc == 0) rc = install_noop(b, ledger, err);
    for (int i = 0; rc == 0 && i < ROUNDS / STEPS; i++) {
        rc = run_noop(b, ledger, &s, err);
    }
    if (rc == 0) put_row(b, "pack_step", s.pairs);
    log_close(ledger);
    metric_pairs_free(s.pairs);
    return rc;
}

int run_confine(struct bench *b, struct err *err) {
    struct work_host *host = NULL;
    uid_t uid = 0;
    gid_t gid = 0;
    int rc = work_host_open(NULL, &host, err);
    if (rc == 0) {
        work_host_user(host, &uid, &gid);
        rc = step_row(b, host, uid, gid, err);
    }
    work_host_close(host);
    return rc == 0 ? pack_row(b, uid, gid, err) : rc;
}

/* One step: the request is checked, what it needs is opened, bubblewrap is started, the loop of watch.c runs it to its end,
 * and what was opened is given back. */
#include "work/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/file.h"
#include "work/confine/beneath.h"
#include "work/confine/launch.h"
#include "work/inside/plan.h"
#include "work/run/host.h"
#include "work/run/watch.h"
#include "work/seccomp/filter.h"

/* Bubblewrap and the keeper are in the step's group, and count. */
enum {
    OVERHEAD_PROCESSES = 2,
    OVERHEAD_MEMORY = 4 << 20,
    SPARE_PROCESSES = 8,
    MS_PER_S = 1000,
    SPARE_MS = 1000,
    ARGS_MAX = 1 << 20,
    FILTER_MAX = 1 << 16,
    FILTER_WORD = 8,
    SCRATCH_MIN = 1 << 20
};

static const char *const limits_names[] = {"supervisor", "cgroup1", "cgroup2"};
static const char *const execute_names[] = {"sealed", "landlock", "mounts", "any"};
static const char *const end_names[] = {"exit",   "signal", "timeout", "memory",     "processes",
                                        "output", "files",  "stopped", "not started"};

const char *work_limits_name(enum work_limits limits) {
    return limits_names[limits];
}

const char *work_execute_name(enum work_execute execute) {
    return execute_names[execute];
}

const char *work_end_name(enum work_end end) {
    return end_names[end];
}

/* What a step holds while it runs. */
struct step {
    struct work_host *host;
    const struct work_process *process;
    struct work_limit limit;
    enum work_execute execute;
    struct confine_bind binds[WORK_BINDS_MAX + WORK_PROGRAMS_MAX + 1];
    size_t binds_n;
    int opened[WORK_PROGRAMS_MAX + 1]; /* programs of the host */
    size_t opened_n;
    struct limits_group group;
    int null, arguments, filter, keeper, plan, secret[2], control[2], output[2], error[2];
};

static uint64_t or_default(uint64_t value, uint64_t other) {
    return value > 0 ? value : other;
}

static void set_limits(struct step *s) {
    const struct work_limit *l = &s->process->limit;
    s->limit = *l;
    s->limit.wall_ms = or_default(l->wall_ms, WORK_WALL_MS);
    s->limit.memory = or_default(l->memory, WORK_MEMORY);
    s->limit.processes = or_default(l->processes, WORK_PROCESSES);
    s->limit.output = or_default(l->output, WORK_OUTPUT);
    s->limit.files = or_default(l->files, WORK_FILES);
}

static const char *const proxies[] = {"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"};
#define PROXIES (sizeof proxies / sizeof *proxies)

static int check_bind(const struct work_bind *bind, struct err *err) {
    const char *fault = confine_beneath_fault(bind->inside);
    if (fault != NULL) {
        return err_set(err, ERR_INVALID, "nothing can be bound at '%s': it %s", bind->inside != NULL ? bind->inside : "",
                       fault);
    }
    fault = confine_beneath_fd_fault(bind->fd);
    return fault != NULL ? err_set(err, ERR_INVALID, "what is to be bound at '%s' %s", bind->inside, fault) : 0;
}

static bool is_variable(const char *variable, const char *name) {
    size_t n = strlen(name);
    return strncmp(variable, name, n) == 0 && variable[n] == '=';
}

static int check_variable(const struct work_process *p, const char *variable, struct err *err) {
    const char *equals = strchr(variable, '=');
    if (equals == NULL || equals == variable) {
        return err_set(err, ERR_INVALID, "'%s' is not a variable (expected NAME=value)", variable);
    }
    bool ours = p->report != NULL && is_variable(variable, "LEDGER_SOCKET");
    for (size_t i = 0; i < PROXIES; i++) {
        ours = ours || (p->egress != NULL && is_variable(variable, proxies[i]));
    }
    return ours ? err_set(err, ERR_INVALID, "the variable '%.*s' is set by the confinement itself",
                          (int)(equals - variable), variable)
                : 0;
}

static int check(const struct work_process *p, struct err *err) {
    if (p->program == NULL || p->program[0] != '/' || p->argv == NULL || p->argv[0] == NULL) {
        return err_set(err, ERR_INVALID, "a step names its program by an absolute path, and has at least one argument");
    }
    if (p->binds_n > WORK_BINDS_MAX || p->programs_n > WORK_PROGRAMS_MAX) {
        return err_set(err, ERR_LIMIT, "a step has at most %d binds and %d programs", WORK_BINDS_MAX, WORK_PROGRAMS_MAX);
    }
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < p->binds_n; i++) {
        rc = check_bind(&p->binds[i], err);
    }
    for (size_t i = 0; rc == 0 && p->environment != NULL && p->environment[i] != NULL; i++) {
        rc = check_variable(p, p->environment[i], err);
    }
    for (size_t i = 0; rc == 0 && p->egress != NULL && p->egress[i] != NULL; i++) {
        const char *fault = i < WORK_EGRESS_MAX ? egress_grant_fault(p->egress[i]) : "is one pattern too many";
        if (fault != NULL) {
            rc = err_set(err, ERR_INVALID, "'%s' cannot be reached: it %s", p->egress[i], fault);
        }
    }
    return rc;
}

/* ---- programs and binds ---- */

static bool is_below(const char *path, const char *dir) {
    size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 && (path[n] == 0 || path[n] == '/');
}

/* An executable of its own, bound at `path`; fd -1: the file of the host there. */
static int add_program(struct step *s, int fd, const char *path, struct err *err) {
    struct stat st;
    bool given = fd >= 0 && fd != s->process->program_fd;
    bool hidden = given || !(is_below(path, "/usr") || is_below(path, "/bin") || is_below(path, "/sbin"));
    for (size_t i = 0; i < s->binds_n; i++) {
        if (strcmp(s->binds[i].inside, path) == 0) {
            return 0; /* named twice, or bound as a file */
        }
    }
    if (fd < 0) {
        fd = path[0] == '/' ? open(path, O_PATH | O_CLOEXEC) : -1;
        if (fd < 0) {
            return err_errno(err, errno, "cannot open the program '%s'", path);
        }
        s->opened[s->opened_n++] = fd;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return err_set(err, ERR_INVALID, "the program '%s' is not a file", path);
    }
    s->binds[s->binds_n++] = (struct confine_bind){fd, path, false, hidden};
    return 0;
}

static int add_binds(struct step *s, struct err *err) {
    const struct work_process *p = s->process;
    bool bound = false;
    int rc = 0;
    for (size_t i = 0; i < p->binds_n; i++) {
        s->binds[s->binds_n++] = (struct confine_bind){p->binds[i].fd, p->binds[i].inside, p->binds[i].writable, true};
        bound = bound || is_below(p->program, p->binds[i].inside);
    }
    for (size_t i = 0; rc == 0 && i < p->programs_n; i++) {
        rc = add_program(s, p->programs[i].fd, p->programs[i].path, err);
    }
    if (rc == 0 && (!bound || p->program_fd > 0)) {
        rc = add_program(s, p->program_fd > 0 ? p->program_fd : -1, p->program, err);
    }
    return rc;
}

/* ---- files and pipes for bubblewrap and the keeper ---- */

static int memory_file(struct bytes content, int *ret, struct err *err) {
    *ret = memfd_create("step", MFD_CLOEXEC);
    if (*ret < 0 || file_put_all(*ret, content.p, content.n) != 0 || lseek(*ret, 0, SEEK_SET) != 0) {
        return err_errno(err, errno, "cannot make a file in memory");
    }
    return 0;
}

/* Another opening of a file in memory, with a position of its own. */
static int reopen(int fd, int *ret, struct err *err) {
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    *ret = open(path, O_RDONLY | O_CLOEXEC);
    return *ret >= 0 ? 0 : err_errno(err, errno, "cannot open a file in memory");
}

static uint32_t put_list(struct buf *out, const char *const *list) {
    uint32_t n = 0;
    for (; list != NULL && list[n] != NULL; n++) {
        (void)buf_put(out, list[n], strlen(list[n]) + 1);
    }
    return n;
}

static uint32_t put_environment(const struct step *s, struct buf *out) {
    uint32_t n = put_list(out, s->process->environment);
    if (s->host->unconfined) {
        return n;
    }
    for (size_t i = 0; s->process->egress != NULL && i < PROXIES; i++, n++) {
        (void)buf_printf(out, "%s=http://127.0.0.1:%d", proxies[i], INSIDE_PROXY_PORT);
        (void)buf_put_u8(out, 0);
    }
    if (s->process->report != NULL) {
        (void)buf_put(out, "LEDGER_SOCKET=" INSIDE_REPORT, sizeof "LEDGER_SOCKET=" INSIDE_REPORT);
        n++;
    }
    return n;
}

static uint32_t flags_of(const struct step *s) {
    return (s->process->egress != NULL ? INSIDE_PROXY : 0U) | (s->process->report != NULL ? INSIDE_REPORTER : 0U) |
           (s->execute == WORK_EXEC_LANDLOCK ? INSIDE_LANDLOCK : 0U);
}

static int make_plan(struct step *s, struct err *err) {
    const struct work_process *p = s->process;
    bool counted = s->group.version == 0;
    struct inside_head head = {.magic = INSIDE_MAGIC,
                               .file_bytes = s->limit.files,
                               .data_bytes = counted ? s->limit.memory : INSIDE_NO_LIMIT,
                               .processes = counted && !s->host->unconfined /* or all of the user's would count */
                                                ? s->limit.processes + SPARE_PROCESSES
                                                : INSIDE_NO_LIMIT,
                               .wall_ms = s->limit.wall_ms + s->limit.grace_ms + SPARE_MS,
                               .cpu_s = s->limit.cpu_ms > 0 ? s->limit.cpu_ms / MS_PER_S + 2 : INSIDE_NO_LIMIT};
    struct buf all;
    buf_init(&all, sizeof head + INSIDE_STRINGS_MAX);
    (void)buf_put(&all, &head, sizeof head);
    head.argc = put_list(&all, p->argv);
    head.envc = put_environment(s, &all);
    (void)buf_put(&all, p->program, strlen(p->program) + 1);
    for (size_t i = 0; i < p->programs_n; i++) {
        (void)buf_put(&all, p->programs[i].path, strlen(p->programs[i].path) + 1);
    }
    head.executables = 1 + (uint32_t)p->programs_n;
    head.strings = (uint32_t)(all.n - sizeof head);
    head.flags = s->host->unconfined ? INSIDE_LOOSE : flags_of(s);
    int rc = buf_check(&all, "the arguments and the environment of a step", err);
    if (rc == 0) {
        memcpy(all.p, &head, sizeof head);
        rc = memory_file(bytes_of_buf(&all), &s->plan, err);
    }
    buf_done(&all);
    return rc;
}

/* The step filter with its secret into a pipe, which the keeper's child alone reads to its end; and the digest of both. */
static int make_secret(struct step *s, struct work_result *result, struct err *err) {
    struct seccomp_step rules = {.unix_sockets = s->process->report != NULL,
                                 .inet_sockets = s->process->egress != NULL,
                                 .sealed = s->execute == WORK_EXEC_SEALED};
    struct inside_secret secret = {.sealed = rules.sealed};
    struct buf filter;
    buf_init(&filter, FILTER_MAX);
    int rc = seccomp_filter_step(&rules, &filter, err);
    if (rc == 0) {
        struct bytes parts[] = {bytes_of_buf(&s->host->filter), bytes_of_buf(&filter)};
        hash_parts(result->filter, parts, 2);
        buf_clear(&filter);
        crypt_random(secret.word, sizeof secret.word);
        memcpy(rules.secret, secret.word, sizeof secret.word);
        rc = seccomp_filter_step(&rules, &filter, err);
    }
    secret.filter_n = (uint32_t)(filter.n / FILTER_WORD);
    if (rc == 0 &&
        (pipe2(s->secret, O_CLOEXEC) != 0 || file_put_all(s->secret[1], (const uint8_t *)&secret, sizeof secret) != 0 ||
         file_put_all(s->secret[1], filter.p, filter.n) != 0)) {
        rc = err_errno(err, errno, "cannot hand the filter of system calls on");
    }
    buf_done(&filter);
    crypt_wipe(&secret, sizeof secret);
    crypt_wipe(&rules, sizeof rules);
    return rc;
}

static int make_group(struct step *s, struct err *err) {
    char name[64];
    s->group = LIMITS_NO_GROUP;
    if (s->host->place.version == 0) {
        return 0;
    }
    (void)snprintf(name, sizeof name, "ledger-step-%ld-%u", (long)getpid(), atomic_fetch_add(&s->host->steps, 1));
    return limits_cgroup_new(&s->host->place, name, s->limit.memory + OVERHEAD_MEMORY,
                             s->limit.processes + OVERHEAD_PROCESSES, &s->group, err);
}

static int make_pipes(struct step *s, struct err *err) {
    int one = 1;
    if (pipe2(s->output, O_CLOEXEC) != 0 || pipe2(s->error, O_CLOEXEC) != 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->control) != 0 ||
        setsockopt(s->control[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof one) != 0 ||
        (s->null = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0) {
        return err_errno(err, errno, "cannot make the pipes of a step");
    }
    return 0;
}

static int make_arguments(struct step *s, struct confine_args *args, struct err *err) {
    struct buf words;
    uint64_t scratch = s->limit.memory / 4;
    int rc = reopen(s->host->keeper, &s->keeper, err);
    if (s->host->unconfined) {
        return rc != 0 || pipe2(s->secret, O_CLOEXEC) == 0 ? rc : err_errno(err, errno, "cannot make the pipes of a step");
    }
    if (rc == 0) {
        rc = memory_file(bytes_of_buf(&s->host->filter), &s->filter, err);
    }
    *args = (struct confine_args){.binds = s->binds,
                                  .binds_n = s->binds_n,
                                  .masked = s->process->masked,
                                  .masked_files = s->process->masked_files,
                                  .directory = s->process->directory != NULL ? s->process->directory : "/tmp",
                                  .scratch = scratch > SCRATCH_MIN ? scratch : SCRATCH_MIN,
                                  .filter = s->filter,
                                  .network = s->process->egress != NULL,
                                  .reporter = s->process->report != NULL};
    buf_init(&words, ARGS_MAX);
    if (rc == 0) {
        rc = confine_args_put(args, &words, err);
    }
    if (rc == 0) {
        rc = memory_file(bytes_of_buf(&words), &s->arguments, err);
    }
    buf_done(&words);
    return rc;
}

/* ---- running it ---- */

static void close_one(int *fd) {
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

/* What only the other side uses. */
static void close_theirs(struct step *s) {
    int *fds[] = {&s->null,      &s->arguments, &s->filter,     &s->keeper,    &s->plan,
                  &s->secret[0], &s->secret[1], &s->control[1], &s->output[1], &s->error[1]};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        close_one(fds[i]);
    }
    while (s->opened_n > 0) {
        close(s->opened[--s->opened_n]);
    }
}

static void take_connection(void *ctx, const struct egress_record *record) {
    struct work_result *r = ctx;
    struct work_connection *to = &r->connections[r->connections_n++];
    *to = (struct work_connection){
        .sent = record->sent, .received = record->received, .times = record->times, .port = record->target.port};
    (void)snprintf(to->host, sizeof to->host, "%s", record->target.host);
    (void)snprintf(to->address, sizeof to->address, "%s", record->address);
    (void)snprintf(to->refused, sizeof to->refused, "%s", record->refused);
}

static void fill_result(const struct watch *w, struct work_result *r) {
    r->end = w->end;
    r->code = w->end == WORK_EXITED ? WEXITSTATUS(w->status) : w->end == WORK_SIGNALED ? WTERMSIG(w->status) : 0;
    memcpy(r->why, w->why, sizeof r->why);
    r->wall_us = w->wall_us;
    r->cpu_us = w->cpu_us;
    r->memory_max = w->memory_max;
    r->processes_max = w->processes_max;
    r->output_bytes = w->written[0];
    r->error_bytes = w->written[1];
    r->output_cut = w->cut;
    r->reports = w->report.lines;
    r->reports_dropped = w->report.dropped;
}

static int run(struct step *s, const struct confine_args *args, struct work_result *result, struct err *err) {
    struct watch *w = calloc(1, sizeof *w);
    const char *directory = s->process->directory;
    struct confine_launch launch = {.bwrap = s->host->unconfined ? NULL : s->host->bwrap,
                                    .directory = directory != NULL ? directory : "/tmp",
                                    .user = s->host->user,
                                    .group = &s->group,
                                    .args = args,
                                    .arguments = s->arguments,
                                    .keeper = s->keeper,
                                    .control = s->control[1],
                                    .plan = s->plan,
                                    .secret = s->secret[0],
                                    .input = s->process->input >= 0 ? s->process->input : s->null,
                                    .output = s->output[1],
                                    .error = s->error[1]};
    result->connections = calloc(EGRESS_LIST_MAX, sizeof *result->connections);
    if (w == NULL || result->connections == NULL) {
        free(w);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    w->process = s->process;
    w->limit = s->limit;
    w->group = &s->group;
    w->program = s->process->program;
    w->loose = s->host->unconfined;
    int rc = confine_launch(&launch, &w->bwrap, err);
    close_theirs(s);
    if (rc == 0) {
        w->control = s->control[0];
        w->stream[0] = s->output[0];
        w->stream[1] = s->error[0];
        run_report_init(&w->report, s->process->report, s->process->report_ctx);
        rc = run_watch_step(w, err);
        result->connections_more = egress_proxy_stop(w->proxy, take_connection, result);
        fill_result(w, result);
        s->control[0] = w->control;
        s->output[0] = w->stream[0];
        s->error[0] = w->stream[1];
        run_report_done(&w->report);
    }
    free(w);
    return rc;
}

int work_process_run(struct work_host *host, const struct work_process *process, struct work_result *result,
                     struct err *err) {
    struct step *s = calloc(1, sizeof *s);
    struct confine_args args = {.binds_n = 0};
    *result = (struct work_result){.end = WORK_NOT_STARTED};
    if (s == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    *s = (struct step){.host = host, .process = process, .group = LIMITS_NO_GROUP};
    int *fds[] = {&s->null, &s->arguments, &s->filter, &s->keeper, &s->plan};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        *fds[i] = -1;
    }
    for (size_t i = 0; i < 2; i++) {
        s->secret[i] = s->control[i] = s->output[i] = s->error[i] = -1;
    }
    set_limits(s);
    s->execute = host->unconfined           ? WORK_EXEC_ANY
                 : process->programs_n == 0 ? WORK_EXEC_SEALED
                 : host->landlock           ? WORK_EXEC_LANDLOCK
                                            : WORK_EXEC_MOUNTS;
    int rc = check(process, err);
    rc = rc == 0 && !host->unconfined ? add_binds(s, err) : rc;
    rc = rc == 0 ? make_pipes(s, err) : rc;
    rc = rc == 0 ? make_arguments(s, &args, err) : rc;
    rc = rc == 0 && !host->unconfined ? make_secret(s, result, err) : rc;
    rc = rc == 0 ? make_group(s, err) : rc;
    rc = rc == 0 ? make_plan(s, err) : rc;
    memcpy(result->bwrap, host->version, sizeof result->bwrap);
    result->uid = host->user.uid;
    result->gid = host->user.gid;
    result->limits = s->group.version == 2 ? WORK_BY_CGROUP2 : s->group.version == 1 ? WORK_BY_CGROUP1 : WORK_BY_SUPERVISOR;
    result->execute = s->execute;
    result->proxy = process->egress != NULL && !host->unconfined;
    result->confined = !host->unconfined;
    rc = rc == 0 ? run(s, &args, result, err) : rc;
    close_theirs(s);
    close_one(&s->control[0]);
    close_one(&s->output[0]);
    close_one(&s->error[0]);
    limits_cgroup_done(&s->group);
    free(s);
    return rc;
}

void work_result_done(struct work_result *result) {
    free(result->connections);
    result->connections = NULL;
    result->connections_n = 0;
}

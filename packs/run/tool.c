/* Everything is opened before the step is recorded as begun, and given by descriptor; so what was judged is what is bound. */
#include "packs/run/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define S(text_)  (int)((text_).n < 100 ? (text_).n : 100), (const char *)(text_).p
#define NS_PER_MS 1000000
#define GRACE_MS  2000
#define LOG_NAME  64

static bool is_confined(const struct tool *tool) {
    return !tool->run->options->unconfined;
}

/* ---- names in arguments ----------------------------------------------------------------------------------------------- */

static bool is_output(const struct manifest_step *step, struct bytes name) {
    for (size_t i = 0; i < step->outputs.n; i++) {
        if (bytes_eq(step->outputs.items[i], name)) return true;
    }
    return false;
}

/* Where a file of the run is, for the step. */
static int put_path(const struct tool *tool, const char *inside, const char *dir, struct bytes name, struct buf *out) {
    if (is_confined(tool)) {
        buf_printf(out, "/%s/", inside);
    } else {
        buf_printf(out, "%s/%s/", tool->run->place.path, dir);
    }
    return buf_put_bytes(out, name);
}

static int put_name(void *ctx, struct bytes name, struct buf *out, struct err *err) {
    const struct tool *tool = ctx;
    const struct given *given = given_find(&tool->run->given, name);
    char dir[32];
    if (is_output(tool->step, name)) {
        (void)snprintf(dir, sizeof(dir), "out-%zu", tool->index);
        put_path(tool, "out", dir, name, out);
    } else if (given != NULL && given->value == NULL) {
        return err_set(err, ERR_INVALID, "input '%.*s' is not given", S(name));
    } else if (given != NULL && !given->file) {
        buf_put_str(out, given->value);
    } else {
        put_path(tool, "in", given != NULL ? "in" : "data", name, out);
    }
    return buf_check(out, "an argument", err);
}

/* A file of the pack that an argument names is where the pack is. */
static int add_argument(struct tool *tool, struct bytes text, struct err *err) {
    static const char pack[] = PROGRAM_PACK "/";
    struct buf moved = {.max = WORDS_MAX};
    int rc = 0;
    if (is_confined(tool) || !bytes_has_prefix(text, pack)) return words_expand(&tool->argv, text, put_name, tool, err);
    buf_printf(&moved, "%s/", tool->run->pack_dir);
    buf_put(&moved, text.p + sizeof(pack) - 1, text.n - (sizeof(pack) - 1));
    rc = buf_check(&moved, "an argument", err);
    if (rc == 0) rc = words_expand(&tool->argv, bytes_of_buf(&moved), put_name, tool, err);
    buf_done(&moved);
    return rc;
}

static int make_arguments(struct tool *tool, struct err *err) {
    const struct manifest_route *route = tool->route;
    const struct manifest_step *step = tool->step;
    int rc = words_add(&tool->argv, bytes_of(is_confined(tool) ? tool->program.inside : tool->program.host), err);
    for (size_t i = 0; rc == 0 && i < route->arguments.n; i++) {
        rc = add_argument(tool, route->arguments.items[i], err);
    }
    for (size_t i = 0; rc == 0 && i < step->arguments.n; i++) {
        rc = add_argument(tool, step->arguments.items[i], err);
    }
    return rc;
}

static int add_variable(struct tool *tool, struct err *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int add_variable(struct tool *tool, struct err *err, const char *fmt, ...) {
    char text[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return words_add(&tool->environment, bytes_of(text), err);
}

static int make_environment(struct tool *tool, const char *span, struct err *err) {
    const struct running *run = tool->run;
    int rc = add_variable(tool, err, "PATH=/usr/local/bin:/usr/bin:/bin");
    if (rc == 0) rc = add_variable(tool, err, "LANG=C.UTF-8");
    if (rc == 0) rc = add_variable(tool, err, "LEDGER_RUN=%.*s", S(run->id));
    if (rc == 0) rc = add_variable(tool, err, "LEDGER_PACK=%.*s", S(run->pack->name));
    if (rc == 0) rc = add_variable(tool, err, "TRACEPARENT=00-%.*s-%s-01", S(run->id), span);
    return rc;
}

/* ---- what is bound ---------------------------------------------------------------------------------------------------- */

/* Takes over the descriptor. */
static int add_bind(struct tool *tool, int fd, bool writable, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
static int add_bind(struct tool *tool, int fd, bool writable, struct err *err, const char *fmt, ...) {
    size_t i = tool->binds_n;
    va_list args;
    int n = -1;
    if (i < TOOL_BINDS_MAX) {
        va_start(args, fmt);
        n = vsnprintf(tool->inside[i], sizeof(tool->inside[i]), fmt, args);
        va_end(args);
    }
    if (n < 0 || (size_t)n >= sizeof(tool->inside[i])) {
        close(fd);
        return err_set(err, ERR_LIMIT, "a step is given at most %d files and directories, with short names",
                       TOOL_BINDS_MAX);
    }
    tool->binds[i] = (struct work_bind){fd, tool->inside[i], writable};
    tool->binds_n++;
    return 0;
}

static int bind_again(struct tool *tool, int fd, bool writable, const char *inside, struct err *err) {
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return copy >= 0 ? add_bind(tool, copy, writable, err, "%s", inside)
                     : err_errno(err, errno, "cannot open '%s' again", inside);
}

static int bind_input(struct tool *tool, struct bytes name, struct err *err) {
    const struct given *given = given_find(&tool->run->given, name);
    if (given != NULL && (!given->file || given->value == NULL)) return 0;
    int fd = openat(given != NULL ? tool->run->place.in : tool->run->place.data, (const char *)name.p,
                    O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return err_errno(err, errno, "the input '%.*s' cannot be opened", S(name));
    return add_bind(tool, fd, false, err, "/in/%.*s", S(name));
}

/* An own_mask_fn. Binds below one another show the same place once. */
static int add_mask(void *ctx, const char *path, bool file, struct err *err) {
    struct tool *tool = ctx;
    const char **list = file ? tool->masked_files : tool->masked;
    size_t n = 0;
    for (; list[n] != NULL; n++) {
        if (strcmp(list[n], path) == 0) return 0;
    }
    if (tool->masks_n == TOOL_MASKS_MAX || strlen(path) >= sizeof(tool->mask[0])) {
        return err_set(err, ERR_LIMIT, "the ledger's own files cannot be kept from so many directories");
    }
    memcpy(tool->mask[tool->masks_n], path, strlen(path) + 1);
    list[n] = tool->mask[tool->masks_n++];
    return 0;
}

/* A directory that was granted, without what is the ledger's own. An ordinary user's steps get wherever the ledger was found. Who
 * may write above a place can move it, and put another in its place before the next step: such a directory is not given. */
static int mask_own(struct tool *tool, struct err *err) {
    const struct work_bind *bind = &tool->binds[tool->binds_n - 1];
    size_t before = tool->masks_n;
    uid_t uid = 0;
    gid_t gid = 0;
    if (geteuid() == 0) {
        work_host_user(tool->run->host, &uid, &gid);
    }
    int rc = own_masks(&tool->run->own, bind->fd, bind->inside, uid, gid, add_mask, tool, err);
    if (rc == 0 && bind->writable && tool->masks_n > before) {
        rc = err_set(err, ERR_INVALID,
                     "'%.200s' holds the ledger's directory, its keys, an endpoint's key or the trust file, which a step "
                     "that may write there could move: grant directories beside them",
                     bind->inside);
    }
    return rc;
}

static int bind_granted(struct tool *tool, const struct need *need, struct err *err) {
    char path[FILE_PATH_MAX];
    struct stat st;
    bool tree = false;
    int fd = -1;
    int rc = needs_path(need->scope, path, &tree, err);
    if (rc == 0) rc = given_open(tool->run->workspace, path, &fd, err);
    if (rc == 0 && (fstat(fd, &st) != 0 || (S_ISDIR(st.st_mode) != 0) != tree || (!tree && !S_ISREG(st.st_mode)))) {
        rc = err_set(err, ERR_INVALID,
                     tree ? "'%s' is not a directory" : "'%s' is not a regular file ('%s/**' is what is below it)", path,
                     path);
    }
    if (rc == 0) rc = own_check(&tool->run->own, fd, err);
    if (rc != 0) {
        if (fd >= 0) close(fd);
        return err_prefix(err, "%.*s", S(need->group));
    }
    rc = path[0] == '/' ? add_bind(tool, fd, need->what == NEED_WRITE, err, "%s", path)
                        : add_bind(tool, fd, need->what == NEED_WRITE, err, TOOL_WORKSPACE "/%s", path);
    return rc == 0 ? mask_own(tool, err) : rc;
}

static int add_program(struct tool *tool, struct bytes name, struct err *err) {
    struct program *program = &tool->others[tool->programs_n];
    if (tool->programs_n == WORK_PROGRAMS_MAX) return err_set(err, ERR_LIMIT, "it executes too many programs");
    int rc = program_find(name, tool->run->pack_dir, program, err);
    if (rc == 0) {
        tool->programs[tool->programs_n++] = (struct work_program){-1, program->inside};
    }
    return rc;
}

static int add_needs(struct tool *tool, const struct needs *needs, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < needs->n; i++) {
        const struct need *need = &needs->list[i];
        if (need->what == NEED_EXECUTE) {
            rc = add_program(tool, need->scope, err);
        } else if (need->what == NEED_EGRESS) {
            tool->egress[tool->egress_n++] = (const char *)need->scope.p;
        } else if ((need->what == NEED_READ || need->what == NEED_WRITE) && is_confined(tool)) {
            rc = bind_granted(tool, need, err);
        }
    }
    return rc;
}

static int add_binds(struct tool *tool, struct err *err) {
    uid_t uid = PLACE_NOBODY;
    gid_t gid = 0;
    if (geteuid() == 0) {
        work_host_user(tool->run->host, &uid, &gid);
    }
    int rc = place_make_out(&tool->run->place, tool->index, uid, gid, &tool->out, err);
    if (rc == 0) rc = bind_again(tool, tool->run->pack_fd, false, PROGRAM_PACK, err);
    if (rc == 0) rc = bind_again(tool, tool->out, true, "/out", err);
    for (size_t i = 0; rc == 0 && i < tool->step->inputs.n; i++) {
        rc = bind_input(tool, tool->step->inputs.items[i], err);
    }
    return rc;
}

/* ---- standard input, output, error ------------------------------------------------------------------------------------ */

static int open_value(const char *value, int *ret, struct err *err) {
    *ret = memfd_create("input", MFD_CLOEXEC);
    if (*ret < 0 || file_put_all(*ret, (const uint8_t *)value, strlen(value)) != 0 || lseek(*ret, 0, SEEK_SET) != 0) {
        return err_errno(err, errno, "cannot make a file in memory");
    }
    return 0;
}

static int open_stdin(struct tool *tool, struct err *err) {
    struct bytes name = tool->step->stdin;
    const struct given *given = given_find(&tool->run->given, name);
    if (name.n == 0) return 0;
    if (given != NULL && !given->file) return open_value(given->value != NULL ? given->value : "", &tool->input, err);
    int dir = given != NULL ? tool->run->place.in : tool->run->place.data;
    tool->input = openat(dir, (const char *)name.p, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return tool->input >= 0 ? 0 : err_errno(err, errno, "the input '%.*s' cannot be opened", S(name));
}

static int open_log(const struct tool *tool, const char *suffix, int *ret, struct err *err) {
    char name[LOG_NAME];
    (void)snprintf(name, sizeof(name), "%zu.%s", tool->index, suffix);
    *ret = openat(tool->run->place.log, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    return *ret >= 0 ? 0 : err_errno(err, errno, "cannot make a file for what the step prints");
}

int tool_prepare(struct tool *tool, struct running *run, size_t index, const struct manifest_route *route,
                 const struct needs *needs, const char *span, struct err *err) {
    memset(tool, 0, offsetof(struct tool, inside));
    tool->run = run;
    tool->step = &run->pack->steps.items[index];
    tool->route = route;
    tool->index = index;
    tool->executable = tool->out = tool->input = tool->output = tool->error = -1;
    words_init(&tool->argv);
    words_init(&tool->environment);
    int rc = program_open(route->program, run->pack_dir, &tool->program, &tool->executable, err);
    if (rc == 0) rc = add_needs(tool, needs, err);
    if (rc == 0) rc = add_binds(tool, err);
    if (rc == 0) rc = make_arguments(tool, err);
    if (rc == 0) rc = make_environment(tool, span, err);
    if (rc == 0) rc = open_stdin(tool, err);
    if (rc == 0) rc = open_log(tool, "out", &tool->output, err);
    if (rc == 0) rc = open_log(tool, "err", &tool->error, err);
    return rc;
}

static void close_one(int *fd) {
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

void tool_done(struct tool *tool) {
    while (tool->binds_n > 0) {
        close(tool->binds[--tool->binds_n].fd);
    }
    close_one(&tool->executable);
    close_one(&tool->out);
    close_one(&tool->input);
    close_one(&tool->output);
    close_one(&tool->error);
    words_done(&tool->argv);
    words_done(&tool->environment);
    work_result_done(&tool->result);
    place_drop_out(&tool->run->place, tool->index);
}

void tool_digest(const struct tool *tool, uint8_t ret[HASH_LEN], uint64_t *ret_bytes) {
    struct hash *hash = hash_new();
    *ret_bytes = 0;
    for (size_t i = 0; i < tool->argv.n; i++) {
        size_t n = strlen(tool->argv.argv[i]) + 1;
        if (hash != NULL) hash_put(hash, tool->argv.argv[i], n);
        *ret_bytes += n;
    }
    if (hash != NULL) {
        hash_end(hash, ret);
    }
    hash_free(hash);
}

/* ---- running ---------------------------------------------------------------------------------------------------------- */

static struct work_limit limits_of(const struct manifest_limits *limits) {
    if (limits == NULL) return (struct work_limit){.grace_ms = GRACE_MS};
    return (struct work_limit){.wall_ms = limits->time / NS_PER_MS + (limits->time % NS_PER_MS > 0),
                               .cpu_ms = limits->cpu_time / NS_PER_MS + (limits->cpu_time % NS_PER_MS > 0),
                               .memory = limits->memory,
                               .processes = limits->processes,
                               .output = limits->output,
                               .files = limits->file,
                               .grace_ms = GRACE_MS};
}

int tool_execute(struct tool *tool, work_line_fn *report, void *report_ctx, struct err *err) {
    bool confined = is_confined(tool);
    const struct work_process process = {
        .program = confined ? tool->program.inside : tool->program.host,
        .program_fd = confined ? tool->executable : 0,
        .argv = tool->argv.argv,
        .environment = tool->environment.argv,
        .input = tool->input,
        .output = tool->output,
        .error = tool->error,
        .binds = tool->binds,
        .binds_n = tool->binds_n,
        .masked = tool->masked,
        .masked_files = tool->masked_files,
        .programs = tool->programs,
        .programs_n = tool->programs_n,
        .limit = limits_of(tool->step->limits),
        .egress = tool->egress_n > 0 ? tool->egress : NULL,
        .report = report,
        .report_ctx = report_ctx,
        .stop = tool->run->options->stop_fd,
    };
    return work_process_run(tool->run->host, &process, &tool->result, err);
}

/* ---- what it made ----------------------------------------------------------------------------------------------------- */

/* What is printed has a limit of its own; the other outputs share *left. */
static int collect_one(struct tool *tool, struct bytes name, uint64_t *left, struct datum *datum, struct err *err) {
    bool printed = bytes_eq(name, tool->step->stdout);
    struct place_source source = {.fd = -1, .max = printed ? UINT64_MAX : *left, .stop = tool->run->options->stop};
    int rc = 0;
    if (printed) {
        source.fd = fcntl(tool->output, F_DUPFD_CLOEXEC, 0);
        rc = source.fd >= 0 ? 0 : err_errno(err, errno, "cannot be opened");
    } else {
        rc = work_open_beneath(tool->out, (const char *)name.p, &source.fd, err);
    }
    if (rc == 0) rc = place_copy(&source, tool->run->place.data, (const char *)name.p, &datum->copy, err);
    if (source.fd >= 0) close(source.fd);
    datum->made = rc == 0;
    if (rc == 0 && !printed) {
        *left -= datum->copy.bytes;
    }
    return rc;
}

int tool_collect(struct tool *tool, struct err *err) {
    const struct manifest_limits *limits = tool->step->limits;
    struct datum *data = tool->run->steps[tool->index].data;
    uint64_t most = limits != NULL && limits->file > 0 ? limits->file : WORK_FILES, left = most;
    int first = 0;
    for (size_t i = 0; i < tool->step->outputs.n; i++) {
        struct bytes name = tool->step->outputs.items[i];
        struct err why = {0};
        int rc = collect_one(tool, name, &left, &data[i], &why);
        if (rc == ERR_LIMIT) err_set(&why, rc, "the outputs of a step have at most %llu bytes", (unsigned long long)most);
        if (rc != 0 && first == 0) first = err_set(err, rc, "output '%.*s': %s", S(name), why.msg);
    }
    return first;
}

/* Files are copied into a directory of the sample and compared with their digests on the way, so that what the program sees is
 * what the suite and the command are known by. The program itself is the file that was hashed, held open; where its size or times
 * differ before or after a sample, nothing is known of that sample. */
#include "evals/run/command.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "evals/run/outputs.h"
#include "evals/run/words.h"
#include "evals/run/workspace.h"
#include "packs/run/place.h"
#include "packs/tree/version.h"
#include "work/process.h"

#define S(text_)   (int)((text_).n < 100 ? (text_).n : 100), (const char *)(text_).p
#define INSIDE     "/work"
#define OUT        "/out"
#define CANDIDATE  "/candidate"
#define ANSWER_MAX ((size_t)64 << 20)
#define SAID_MAX   200 /* bytes of standard error that are told */
#define FILE_MAX   (UINT64_C(1) << 32)
#define US_PER_MS  1e3
#define VARIABLES  8

struct run_command {
    struct run_command_options how;
    struct run_binding route;
    struct run_words *words;
    struct work_host *host;
    struct run_workspace workspace;
    bool asked;    /* what it is, before the first sample */
    int candidate; /* what is evaluated, held open; -1: the program */
};

/* ---- what it is ---------------------------------------------------------------------------------------------------------- */

/* It is there, has a digest, and can be handed in. */
static int open_candidate(struct run_command *c, struct err *err) {
    char digest[VERSION_DIGEST_MAX];
    const char *path = c->how.candidate;
    if (path == NULL) return 0;
    int rc = version_digest(path, digest, NULL, err);
    if (rc == 0) c->candidate = open(path, O_PATH | O_CLOEXEC);
    if (rc == 0 && c->candidate < 0) rc = err_errno(err, errno, "'%.300s' cannot be opened", path);
    return rc == 0 ? 0 : err_prefix(err, "--candidate");
}

int run_command_open(const struct run_command_options *options, struct run_command **ret, struct err *err) {
    const struct run_words_options words = {.words = options->words,
                                            .words_n = options->words_n,
                                            .exec = options->exec,
                                            .exec_n = options->exec_n,
                                            .ledger_dir = options->ledger_dir,
                                            .trust = options->trust};
    const struct work_host_options host = {.user = options->user, .unconfined = options->unconfined};
    struct run_command *c = calloc(1, sizeof(*c));
    if (c == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    c->how = *options;
    if (options->route != NULL) c->route = *options->route;
    c->workspace.lock = c->candidate = -1;
    int rc = run_words_open(&words, &c->words, err);
    if (rc == 0) rc = open_candidate(c, err);
    if (rc == 0) rc = work_host_open(&host, &c->host, err);
    if (rc == 0) rc = run_workspace_open(&c->workspace, err);
    if (rc == 0 && options->unconfined && chmod(c->workspace.path, 0711) != 0) { /* the user of steps walks through it */
        rc = err_errno(err, errno, "cannot open the workspace to the user of steps");
    }
    if (rc != 0) {
        run_command_close(c);
        return rc;
    }
    *ret = c;
    return 0;
}

void run_command_close(struct run_command *command) {
    if (command == NULL) return;
    run_workspace_close(&command->workspace);
    work_host_close(command->host);
    run_words_close(command->words);
    if (command->candidate >= 0) close(command->candidate);
    free(command);
}

static void put_digest(char ret[RUN_DIGEST_MAX], const uint8_t digest[HASH_LEN]) {
    memcpy(ret, "sha256:", 7);
    text_hex(ret + 7, digest, HASH_LEN);
}

static void put_candidate(const struct run_command *c, char ret[RUN_DIGEST_MAX]) {
    char digest[VERSION_DIGEST_MAX];
    if (c->how.candidate != NULL && version_digest(c->how.candidate, digest, NULL, NULL) == 0) {
        (void)snprintf(ret, RUN_DIGEST_MAX, "%.*s", RUN_DIGEST_MAX - 1, digest);
    }
}

/* At first it is what is held open; later, whatever its words lead to. One that is gone has no digest. */
static int bind(void *ctx, struct run_binding *ret, struct err *err) {
    struct run_command *c = ctx;
    uint8_t program[HASH_LEN], command[HASH_LEN];
    struct err why = {0};
    int rc = c->asked ? run_words_now(c->words, program, command, &why) : 0;
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    *ret = c->route;
    ret->model[0] = ret->digest[0] = '\0';
    put_candidate(c, ret->digest);
    (void)snprintf(ret->runtime, sizeof(ret->runtime), "process");
    ret->command = bytes_of_buf(&c->words->command);
    ret->unconfined = c->how.unconfined;
    if (rc == 0) {
        put_digest(ret->program_digest, c->asked ? program : c->words->program.digest);
        put_digest(ret->command_digest, c->asked ? command : c->words->digest);
    }
    c->asked = true;
    return 0;
}

/* ---- what a case asks for ------------------------------------------------------------------------------------------------ */

static bool is_plain(struct bytes name) {
    for (size_t i = 0; i < name.n;) {
        size_t n = 0;
        while (i + n < name.n && name.p[i + n] != '/') {
            n++;
        }
        if (n == 0 || (n == 1 && name.p[i] == '.') || (n == 2 && name.p[i] == '.' && name.p[i + 1] == '.')) return false;
        i += n + 1;
    }
    return name.n > 0 && name.p[name.n - 1] != '/' && name.n < FILE_PATH_MAX / 2 && memchr(name.p, '\0', name.n) == NULL &&
           !bytes_has_prefix(name, WORDS_MOVED "/") && !bytes_is(name, WORDS_MOVED);
}

static bool is_taken(const struct run_command *c, const struct suite_case *one, size_t at) {
    const struct bytes name = one->files[at].name;
    for (size_t i = 0; i < at; i++) {
        if (bytes_eq(one->files[i].name, name)) return true;
    }
    for (size_t i = 0; i < c->words->files_n; i++) {
        if (bytes_is(name, c->words->files[i].inside)) return true;
    }
    return false;
}

static int check_case(const struct run_command *c, const struct suite_case *one, struct err *err) {
    if (one->messages_n > 0 || one->system.n > 0) {
        return err_set(err, ERR_INVALID,
                       "case '%.*s': a program is given a text, files and arguments, not messages or a system's message",
                       S(one->id));
    }
    if (one->arguments_n > WORDS_MOST) {
        return err_set(err, ERR_INVALID, "case '%.*s': a program is given at most %d arguments", S(one->id), WORDS_MOST);
    }
    for (size_t i = 0; i < one->files_n; i++) {
        const struct bytes name = one->files[i].name;
        if (!is_plain(name)) {
            return err_set(err, ERR_INVALID, "case '%.*s': no program can be given a file of the name '%.*s'", S(one->id),
                           S(name));
        }
        if (is_taken(c, one, i)) {
            return err_set(err, ERR_INVALID,
                           "case '%.*s': two files have the name '%.*s', with those that the command names", S(one->id),
                           S(name));
        }
    }
    for (size_t i = 0; i < one->checks_n; i++) {
        const struct bytes name = one->checks[i].output;
        if (name.n > 0 && (!is_plain(name) || name.n > 255 || memchr(name.p, '/', name.n) != NULL)) {
            return err_set(err, ERR_INVALID, "case '%.*s': no program can make a file of the name '%.*s'", S(one->id),
                           S(name));
        }
    }
    return 0;
}

int run_command_check(const struct run_command *command, const struct suite *suite, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < suite->cases_n; i++) {
        rc = check_case(command, &suite->cases[i], err);
    }
    return rc;
}

/* ---- the files of a sample ----------------------------------------------------------------------------------------------- */

struct asking {
    const struct run_command *command;
    const struct suite *suite;
    const struct suite_case *one;
    char path[FILE_PATH_MAX], files_path[FILE_PATH_MAX], out_path[FILE_PATH_MAX];
    int files, out, input, output, error; /* descriptors; -1: none */
    char **argv;                          /* owned, each word too */
    size_t argc;
    char *environment[VARIABLES + 1];
    size_t variables;
    struct work_result result;
    bool changed; /* the program was, meanwhile */
};

static bool is_confined(const struct asking *a) {
    return !a->command->how.unconfined;
}

static int make_dir(const struct asking *a, const char *name, char ret[FILE_PATH_MAX], int *ret_fd, struct err *err) {
    int rc = file_join(ret, a->path, name, err);
    if (rc == 0 && (mkdir(ret, 0755) != 0 || chmod(ret, 0755) != 0)) rc = err_errno(err, errno, "cannot make '%s'", ret);
    if (rc == 0) {
        *ret_fd = open(ret, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        rc = *ret_fd >= 0 ? 0 : err_errno(err, errno, "cannot open '%s'", ret);
    }
    return rc;
}

/* Copies it to `name` in the sample's directory. The source is closed. */
static int put_file(struct asking *a, int fd, const char *name, const uint8_t digest[HASH_LEN], struct err *err) {
    const struct place_source source = {.fd = fd, .max = FILE_MAX};
    struct place_copy copy;
    char part[FILE_PATH_MAX];
    int rc = 0;
    for (const char *slash = strchr(name, '/'); rc == 0 && slash != NULL; slash = strchr(slash + 1, '/')) {
        (void)snprintf(part, sizeof(part), "%.*s", (int)(slash - name), name);
        int failed = mkdirat(a->files, part, 0755) == 0 ? fchmodat(a->files, part, 0755, 0) : errno != EEXIST;
        if (failed != 0) rc = err_errno(err, errno, "cannot make '%s'", part);
    }
    if (rc == 0) rc = place_copy(&source, a->files, name, &copy, err);
    if (rc == 0 && memcmp(copy.digest, digest, HASH_LEN) != 0) rc = err_set(err, ERR_TAMPERED, "was changed meanwhile");
    close(fd);
    return rc != 0 ? err_prefix(err, "'%s'", name) : 0;
}

static int put_case_file(struct asking *a, const struct suite_file *file, struct err *err) {
    char path[FILE_PATH_MAX], name[FILE_PATH_MAX];
    int root = open(a->suite->directory, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
    if (root < 0) return err_errno(err, errno, "the suite's directory cannot be opened");
    (void)snprintf(path, sizeof(path), "%.*s", (int)file->path.n, (const char *)file->path.p);
    (void)snprintf(name, sizeof(name), "%.*s", (int)file->name.n, (const char *)file->name.p);
    int rc = work_open_beneath(root, path, &fd, err);
    close(root);
    return rc == 0 ? put_file(a, fd, name, file->digest, err) : rc;
}

static int put_files(struct asking *a, struct err *err) {
    const struct run_words *w = a->command->words;
    int rc = make_dir(a, "files", a->files_path, &a->files, err);
    for (size_t i = 0; rc == 0 && i < w->files_n; i++) {
        int fd = open(w->files[i].path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        rc = fd >= 0 ? put_file(a, fd, w->files[i].inside, w->files[i].digest, err)
                     : err_errno(err, errno, "'%s' cannot be opened", w->files[i].path);
    }
    for (size_t i = 0; rc == 0 && i < a->one->files_n; i++) {
        rc = put_case_file(a, &a->one->files[i], err);
    }
    return rc;
}

static int make_out(struct asking *a, struct err *err) {
    uid_t uid = 0;
    gid_t gid = 0;
    int rc = make_dir(a, "out", a->out_path, &a->out, err);
    work_host_user(a->command->host, &uid, &gid);
    if (rc == 0 && geteuid() == 0 && fchown(a->out, uid, gid) != 0) {
        rc = err_errno(err, errno, "cannot give '%s' to the user of steps", a->out_path);
    }
    return rc;
}

/* ---- its words ----------------------------------------------------------------------------------------------------------- */

static int add_word(struct asking *a, const char *text, size_t n, struct err *err) {
    char *copy = strndup(text, n);
    if (copy == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    a->argv[a->argc++] = copy;
    return 0;
}

static int put_words(struct asking *a, struct err *err) {
    const struct run_words *w = a->command->words;
    char path[2 * FILE_PATH_MAX];
    const char *top = is_confined(a) ? INSIDE : a->files_path;
    const char *self = !is_confined(a) ? w->program.host : w->program.inside;
    a->argv = calloc(w->how.words_n + a->one->arguments_n + 1, sizeof(*a->argv));
    if (a->argv == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    int rc = add_word(a, self, strlen(self), err);
    for (size_t i = 1, k = 0; rc == 0 && i < w->how.words_n; i++) {
        const struct run_file *file = k < w->files_n && w->files[k].word == i ? &w->files[k++] : NULL;
        bool moved = file != NULL && file->moved;
        if (moved) (void)snprintf(path, sizeof(path), "%s/%s", top, file->inside);
        const char *word = moved ? path : w->how.words[i];
        rc = add_word(a, word, strlen(word), err);
    }
    for (size_t i = 0; rc == 0 && i < a->one->arguments_n; i++) {
        const struct bytes text = a->one->arguments[i];
        rc = add_word(a, (const char *)text.p, text.n, err);
    }
    return rc;
}

static int add_variable(struct asking *a, struct err *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int add_variable(struct asking *a, struct err *err, const char *fmt, ...) {
    char text[FILE_PATH_MAX + 64];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    char *copy = strdup(text);
    if (copy == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    a->environment[a->variables++] = copy;
    return 0;
}

static int put_variables(struct asking *a, uint64_t repeat, struct err *err) {
    int rc = add_variable(a, err, "PATH=/usr/local/bin:/usr/bin:/bin");
    if (rc == 0) rc = add_variable(a, err, "LANG=C.UTF-8");
    if (rc == 0 && a->one->seeded) {
        rc = add_variable(a, err, "LEDGER_EVAL_SEED=%lld", (long long)((uint64_t)a->one->seed + repeat));
    }
    if (rc == 0 && a->out >= 0) rc = add_variable(a, err, "LEDGER_EVAL_OUT=%s", is_confined(a) ? OUT : a->out_path);
    if (rc == 0 && a->command->candidate >= 0) {
        rc = add_variable(a, err, "LEDGER_EVAL_CANDIDATE=%s", is_confined(a) ? CANDIDATE : a->command->how.candidate);
    }
    return rc;
}

/* ---- running it ---------------------------------------------------------------------------------------------------------- */

static int open_memory(struct bytes content, int *ret, struct err *err) {
    *ret = memfd_create("sample", MFD_CLOEXEC);
    if (*ret < 0 || file_put_all(*ret, content.p, content.n) != 0 || lseek(*ret, 0, SEEK_SET) != 0) {
        return err_errno(err, errno, "cannot make a file in memory");
    }
    return 0;
}

static bool is_changed(const struct run_words *w) {
    return !program_is_same(&w->program, w->fd);
}

static int execute(struct asking *a, struct err *err) {
    const struct run_command *c = a->command;
    const struct run_words *w = c->words;
    struct work_program programs[WORDS_EXEC_MAX + PROGRAM_INTERPRETERS];
    for (size_t i = 0; i < w->exec_n; i++) {
        programs[i] = (struct work_program){-1, w->exec[i].inside};
    }
    const uint64_t most = a->one->timeout_ms != SUITE_ABSENT ? a->one->timeout_ms : 0;
    struct work_bind binds[3] = {{a->files, INSIDE, false}};
    size_t binds_n = 1;
    if (a->out >= 0) binds[binds_n++] = (struct work_bind){a->out, OUT, true};
    if (c->candidate >= 0 && is_confined(a)) binds[binds_n++] = (struct work_bind){c->candidate, CANDIDATE, false};
    const struct work_process process = {.program = is_confined(a) ? w->program.inside : w->program.host,
                                         .program_fd = is_confined(a) ? w->fd : 0,
                                         .argv = (const char *const *)a->argv,
                                         .environment = (const char *const *)a->environment,
                                         .directory = is_confined(a) ? INSIDE : a->files_path,
                                         .input = a->input,
                                         .output = a->output,
                                         .error = a->error,
                                         .binds = binds,
                                         .binds_n = binds_n,
                                         .programs = programs,
                                         .programs_n = w->exec_n,
                                         .limit = {.wall_ms = most},
                                         .stop = c->how.stop_fd > 0 ? c->how.stop_fd : -1};
    a->changed = is_changed(w);
    int rc = a->changed ? 0 : work_process_run(c->host, &process, &a->result, err);
    a->changed = a->changed || is_changed(w);
    return rc;
}

/* ---- what came of it ----------------------------------------------------------------------------------------------------- */

static void end_with(struct run_answer *ret, enum run_answer_end end, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void end_with(struct run_answer *ret, enum run_answer_end end, const char *fmt, ...) {
    va_list args;
    ret->end = end;
    va_start(args, fmt);
    (void)vsnprintf(ret->why, sizeof(ret->why), fmt, args);
    va_end(args);
}

/* The last of what it wrote to standard error, as one line. */
static void say_error(const struct asking *a, char ret[SAID_MAX + 16]) {
    char text[SAID_MAX];
    struct stat st;
    ret[0] = '\0';
    off_t from = fstat(a->error, &st) == 0 && st.st_size > SAID_MAX ? st.st_size - SAID_MAX : 0;
    ssize_t n = pread(a->error, text, sizeof(text), from);
    size_t k = 0, end;
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' ')) {
        n--;
    }
    while (n > 0 && k < 4 && ((uint8_t)text[k] & 0xc0) == 0x80) { /* a character that was cut */
        k++;
    }
    if (n <= (ssize_t)k) return;
    end = k + text_utf8_valid((const uint8_t *)text + k, (size_t)n - k);
    for (size_t i = k; i < end; i++) {
        text[i] = (uint8_t)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
    }
    (void)snprintf(ret, SAID_MAX + 16, ": %.*s", (int)(end - k), text + k);
}

/* A fault of the program's own ends it by one of these; others come from elsewhere. */
static bool is_fault(int number) {
    return number == SIGILL || number == SIGTRAP || number == SIGABRT || number == SIGBUS || number == SIGFPE ||
           number == SIGSEGV || number == SIGSYS || number == SIGPIPE || number == SIGALRM || number == SIGXFSZ;
}

static void judge_end(const struct asking *a, struct run_answer *ret) {
    const struct work_result *r = &a->result;
    char said[SAID_MAX + 16];
    say_error(a, said);
    switch (r->end) {
    case WORK_EXITED:
        ret->has_exit = true;
        ret->exit = r->code;
        ret->end = RUN_ANSWERED;
        if (r->code != 0) end_with(ret, RUN_ANSWERED, "exit status %d%s", r->code, said);
        break;
    case WORK_SIGNALED:
        end_with(ret, is_fault(r->code) ? RUN_BROKEN : RUN_ERRED, "it was ended by signal %d (%s)%s", r->code,
                 strsignal(r->code), said);
        break;
    case WORK_TIMEOUT:
        end_with(ret, RUN_LIMITED, "it took longer than %llu ms", (unsigned long long)a->one->timeout_ms);
        break;
    case WORK_MEMORY_OUT:
    case WORK_PROCESSES_OUT:
    case WORK_OUTPUT_OUT:
    case WORK_FILES_OUT:
        end_with(ret, RUN_LIMITED, "%.400s", r->why);
        break;
    case WORK_STOPPED:
        end_with(ret, RUN_ERRED, "it was stopped");
        break;
    case WORK_NOT_STARTED:
        end_with(ret, RUN_ERRED, "the program could not be started: %.400s", r->why);
        break;
    }
    ret->latency_ms = r->end == WORK_NOT_STARTED ? NAN : (double)r->wall_us / US_PER_MS;
    if (a->changed) end_with(ret, RUN_ERRED, "the program was changed while it was evaluated");
}

static int read_whole(int fd, struct buf *out, struct err *err) {
    uint8_t piece[FILE_PIECE];
    ssize_t n = 0;
    off_t at = 0;
    while ((n = pread(fd, piece, sizeof(piece), at)) > 0) {
        buf_put(out, piece, (size_t)n);
        at += n;
    }
    return n < 0 ? err_errno(err, errno, "cannot be read") : buf_check(out, "an output", err);
}

/* A regular file of that name; anything else was not made. */
static int read_output(const struct asking *a, struct run_output *output, struct run_answer *ret, struct err *err) {
    char name[256], self[32];
    struct stat st;
    int at = -1;
    (void)snprintf(name, sizeof(name), "%.*s", (int)output->name.n, (const char *)output->name.p);
    if (work_open_beneath(a->out, name, &at, NULL) != 0) return 0;
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", at);
    bool regular = fstat(at, &st) == 0 && S_ISREG(st.st_mode);
    int fd = regular ? open(self, O_RDONLY | O_CLOEXEC) : -1, rc = 0;
    close(at);
    if (fd >= 0 && (uint64_t)st.st_size > ANSWER_MAX) {
        end_with(ret, RUN_LIMITED, "output '%s' has more than 64 MiB", name);
    } else if (fd >= 0) {
        rc = read_whole(fd, &output->content, err);
        output->made = rc == 0;
    }
    if (fd >= 0) close(fd);
    return rc;
}

static int keep_answer(const struct asking *a, struct run_outputs *o, struct run_answer *ret, struct err *err) {
    int rc = 0;
    judge_end(a, ret);
    ret->output = (struct buf){.max = ANSWER_MAX};
    if (a->result.end != WORK_NOT_STARTED) rc = read_whole(a->output, &ret->output, err);
    for (size_t i = 0; rc == 0 && a->out >= 0 && i < o->n; i++) {
        rc = read_output(a, &o->all[i], ret, err);
    }
    ret->named = run_outputs_named;
    ret->named_ctx = o;
    ret->named_done = run_outputs_free;
    return rc;
}

/* ---- one sample ---------------------------------------------------------------------------------------------------------- */

static void close_one(int fd) {
    if (fd >= 0) close(fd);
}

static void asking_done(struct asking *a) {
    for (size_t i = 0; i < a->argc; i++) {
        free(a->argv[i]);
    }
    free(a->argv);
    for (size_t i = 0; i < a->variables; i++) {
        free(a->environment[i]);
    }
    close_one(a->files);
    close_one(a->out);
    close_one(a->input);
    close_one(a->output);
    close_one(a->error);
    work_result_done(&a->result);
    run_workspace_drop(a->path);
    free(a);
}

static int run(struct asking *a, struct run_workspace *workspace, size_t outputs, uint64_t repeat, struct err *err) {
    int rc = run_workspace_sample(workspace, a->path, err);
    if (rc == 0 && !is_confined(a) && chmod(a->path, 0711) != 0) rc = err_errno(err, errno, "cannot open '%s'", a->path);
    if (rc == 0) rc = put_files(a, err);
    if (rc == 0 && outputs > 0) rc = make_out(a, err);
    if (rc == 0) rc = put_words(a, err);
    if (rc == 0) rc = put_variables(a, repeat, err);
    if (rc == 0 && a->one->text.n > 0) rc = open_memory(a->one->text, &a->input, err);
    if (rc == 0) rc = open_memory((struct bytes){0}, &a->output, err);
    if (rc == 0) rc = open_memory((struct bytes){0}, &a->error, err);
    return rc == 0 ? execute(a, err) : rc;
}

static int answer(void *ctx, unsigned lane, const struct suite *suite, const struct suite_case *one, uint64_t repeat,
                  struct run_answer *ret, struct err *err) {
    struct run_command *c = ctx;
    struct asking *a = calloc(1, sizeof(*a));
    struct run_outputs *o = run_outputs_new(one, (struct bytes){0});
    struct err why = {0};
    (void)lane;
    *ret = (struct run_answer){.latency_ms = NAN,
                               .first_ms = NAN,
                               .cost = NAN,
                               .tokens_in = SAMPLE_ABSENT,
                               .tokens_out = SAMPLE_ABSENT,
                               .attempts = 1};
    if (a == NULL || o == NULL) {
        run_outputs_free(o);
        free(a);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    a->command = c;
    a->suite = suite;
    a->one = one;
    a->files = a->out = a->input = a->output = a->error = -1;
    a->result.end = WORK_NOT_STARTED;
    int rc = run(a, &c->workspace, o->n, repeat, &why);
    if (rc == 0) {
        rc = keep_answer(a, o, ret, &why);
    } else {
        run_outputs_free(o);
    }
    if (rc == ERR_NOMEM) {
        err_set(err, rc, "%s", why.msg);
    } else if (rc != 0) { /* this sample alone */
        end_with(ret, RUN_ERRED, "%.500s", why.msg);
        rc = 0;
    }
    asking_done(a);
    return rc;
}

struct run_subject run_command_subject(struct run_command *command) {
    return (struct run_subject){.target = {.ctx = command, .answer = answer}, .bind = bind};
}

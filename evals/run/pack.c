/* A sample is a run of the pack in a workspace of its own below the directory for temporary files; what the run made is read back
 * before the workspace is removed. */
#include "evals/run/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "evals/run/endpoint.h"
#include "evals/run/outputs.h"
#include "evals/run/route.h"
#include "evals/run/workspace.h"
#include "ledger/kinds/scope.h"
#include "packs/depot/depot.h"
#include "packs/life/installed.h"
#include "packs/life/program.h"
#include "packs/run/run.h"
#include "packs/run/running.h"
#include "projections/ready/pack.h"
#include "projections/view/look.h"

#define S(text_)   (int)((text_).n < 100 ? (text_).n : 100), (const char *)(text_).p
#define OUTPUT_MAX ((size_t)64 << 20)
#define WORDS_MAX_ 128
#define ROUTES_MAX 64
#define LANES_MAX  4
#define NS_PER_MS  1e6

struct run_pack {
    struct run_pack_options how;
    struct row row;
    struct content *tree;
    struct manifest *manifest;
    char dir[FILE_PATH_MAX], version[128];
    struct bytes suite; /* path in the pack; p NULL: not one of the pack's */
    char suite_name[SUITE_NAME_MAX + 1];
    size_t routes[ROUTES_MAX], routes_n; /* indices into the manifest's evals */
    struct work_host *host;              /* what confines the steps of all samples; NULL until the first */
    struct program_cache *seen;
    bool bound;
    char serves[RUN_DIGEST_MAX]; /* digest of the program or weights that the evaluation names; "": of none */
    bool timed;                  /* the suite has a threshold of a latency */
    char route[256];             /* "": of the whole pack */
    struct run_workspace workspace;
};

/* ---- the pack ----------------------------------------------------------------------------------------------------------- */

static int find(void *ctx, struct state_view *view, struct err *err) {
    struct run_pack *p = ctx;
    const struct bytes name = bytes_of(p->how.pack);
    bool there = false;
    row_done(&p->row);
    int rc = look_stored(view, "packs", &name, 1, &p->row, &there, err);
    if (rc == 0 && (!there || !installed_is(&p->row)))
        rc = err_set(err, ERR_NOTFOUND, "no pack '%.100s' is installed", p->how.pack);
    return rc;
}

int run_pack_open(const struct run_pack_options *options, struct run_pack **ret, struct err *err) {
    struct run_pack *p = calloc(1, sizeof(*p));
    struct state_options how;
    uint8_t digest[HASH_LEN];
    if (p == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    p->how = *options;
    p->workspace.lock = -1;
    row_init(&p->row, NULL);
    state_options_init(&how);
    int rc = state_ask(options->ledger, &how, find, p, err);
    if (rc == 0 && !installed_digest(&p->row, digest)) {
        rc = err_set(err, ERR_CONFLICT,
                     "pack '%.100s' has no files here that could be run: 'ledger pack install' copies them", options->pack);
    }
    if (rc == 0) rc = depot_path(log_dir(options->ledger), digest, p->dir, err);
    if (rc == 0) rc = installed_open(log_dir(options->ledger), &p->row, &p->tree, &p->manifest, err);
    if (rc == 0) (void)snprintf(p->version, sizeof(p->version), "%.*s", S(row_text(&p->row, PACK_VERSION)));
    if (rc == 0) rc = run_workspace_open(&p->workspace, err);
    if (rc == 0) rc = program_cache_new(&p->seen, err);
    if (rc != 0) {
        run_pack_close(p);
        return rc;
    }
    *ret = p;
    return 0;
}

void run_pack_close(struct run_pack *p) {
    if (p == NULL) return;
    run_workspace_close(&p->workspace);
    work_host_close(p->host);
    program_cache_free(p->seen);
    row_done(&p->row);
    content_free(p->tree);
    manifest_free(p->manifest);
    free(p);
}

static struct bytes eval_suite(const struct run_pack *p, size_t i) {
    return p->manifest->pack.evals.items[i].suite;
}

static bool has_digest(const struct run_pack *p, size_t i, const uint8_t digest[HASH_LEN]) {
    const struct content_file *file = content_find(p->tree, eval_suite(p, i));
    return file != NULL && memcmp(file->digest, digest, HASH_LEN) == 0;
}

bool run_pack_suite(struct run_pack *p, const char *path, char *ret, size_t size) {
    const size_t n = p->manifest->pack.evals.n;
    struct buf text = {.max = OUTPUT_MAX};
    uint8_t digest[HASH_LEN];
    p->suite = (struct bytes){0};
    p->routes_n = 0;
    for (size_t i = 0; i < n && p->suite.p == NULL; i++) {
        if (bytes_is(eval_suite(p, i), path)) p->suite = eval_suite(p, i);
    }
    if (p->suite.p == NULL && file_read_regular(path, &text, NULL) == 0) {
        const struct bytes whole = bytes_of_buf(&text);
        hash_parts(digest, &whole, 1);
        for (size_t i = 0; i < n && p->suite.p == NULL; i++) {
            if (has_digest(p, i, digest)) p->suite = eval_suite(p, i);
        }
    }
    buf_done(&text);
    for (size_t i = 0; i < n && p->suite.p != NULL && p->routes_n < ROUTES_MAX; i++) {
        if (bytes_eq(eval_suite(p, i), p->suite)) p->routes[p->routes_n++] = i;
    }
    if (p->suite.p == NULL) {
        (void)snprintf(ret, size, "%s", path);
        return false;
    }
    (void)snprintf(ret, size, "%s/%.*s", p->dir, (int)p->suite.n, (const char *)p->suite.p);
    return true;
}

static bool is_first(const struct run_pack *p, size_t i) {
    for (size_t k = 0; k < i; k++) {
        if (bytes_eq(eval_suite(p, k), eval_suite(p, i))) return false;
    }
    return true;
}

size_t run_pack_suites(const struct run_pack *p) {
    size_t n = 0;
    for (size_t i = 0; i < p->manifest->pack.evals.n; i++) {
        n += is_first(p, i);
    }
    return n;
}

struct bytes run_pack_suite_path(const struct run_pack *p, size_t index) {
    for (size_t i = 0; i < p->manifest->pack.evals.n; i++) {
        if (is_first(p, i) && index-- == 0) return eval_suite(p, i);
    }
    return (struct bytes){0};
}

size_t run_pack_routes(const struct run_pack *p) {
    return p->routes_n;
}

struct bytes run_pack_route(const struct run_pack *p, size_t index) {
    return p->manifest->pack.evals.items[p->routes[index]].route;
}

bool run_pack_requires(const struct run_pack *p, size_t index) {
    const struct manifest_route *route = manifest_route(&p->manifest->pack, run_pack_route(p, index));
    return route != NULL && route->required;
}

struct bytes run_pack_version(const struct run_pack *p) {
    return bytes_of(p->version);
}

/* The artifact that the pack must make, else its first one, else what its last step makes. */
static struct bytes answer_of(const struct manifest_pack *pack) {
    for (size_t i = 0; i < pack->artifacts.n; i++) {
        if (pack->artifacts.items[i].required) return pack->artifacts.items[i].name;
    }
    if (pack->artifacts.n > 0) return pack->artifacts.items[0].name;
    for (size_t i = pack->steps.n; i-- > 0;) {
        if (pack->steps.items[i].outputs.n > 0) return pack->steps.items[i].outputs.items[0];
    }
    return (struct bytes){0};
}

static struct bytes output_of(const struct run_pack *p, const struct suite_check *check) {
    return check->output.n > 0 ? check->output : answer_of(&p->manifest->pack);
}

static int check_case(const struct run_pack *p, const struct suite_case *one, struct err *err) {
    const struct manifest_pack *pack = &p->manifest->pack;
    if (one->text.n > 0 || one->messages_n > 0) {
        return err_set(err, ERR_INVALID, "case '%.*s': a pack is given files and arguments, not a text or messages",
                       S(one->id));
    }
    if (one->files_n + one->arguments_n > WORDS_MAX_) {
        return err_set(err, ERR_INVALID, "case '%.*s': a pack is given at most %d files and arguments", S(one->id),
                       WORDS_MAX_);
    }
    for (size_t i = 0; i < one->files_n; i++) {
        const struct manifest_input *input = manifest_input(pack, one->files[i].name);
        if (input == NULL || !bytes_is(input->type, "file")) {
            return err_set(err, ERR_INVALID, "case '%.*s': the pack has no input '%.*s' that is a file", S(one->id),
                           S(one->files[i].name));
        }
    }
    for (size_t i = 0; i < one->checks_n; i++) {
        const struct bytes name = output_of(p, &one->checks[i]);
        if (one->checks[i].type != SUITE_EXIT && manifest_maker(pack, name) == NULL) {
            return err_set(err, ERR_INVALID, "case '%.*s': no step of the pack makes '%.*s'", S(one->id), S(name));
        }
    }
    return 0;
}

int run_pack_take(struct run_pack *p, const char *route, struct suite *suite, struct err *err) {
    int rc = 0;
    (void)snprintf(p->route, sizeof(p->route), "%s", route != NULL ? route : "");
    p->timed = p->bound = false;
    for (size_t i = 0; i < suite->thresholds_n; i++) {
        const enum suite_metric metric = suite->thresholds[i].metric;
        p->timed = p->timed || (metric >= SUITE_LATENCY_P50_MS && metric <= SUITE_LATENCY_P99_MS);
    }
    for (size_t i = 0; rc == 0 && i < suite->cases_n; i++) {
        rc = check_case(p, &suite->cases[i], err);
    }
    if (rc == 0 && p->suite.n > SUITE_NAME_MAX) {
        rc = err_set(err, ERR_INVALID, "the path of a suite in a pack has at most %d bytes", SUITE_NAME_MAX);
    }
    if (rc != 0 || p->suite.p == NULL) return rc;
    const struct content_file *file = content_find(p->tree, p->suite);
    if (file == NULL) return err_set(err, ERR_CONFLICT, "the pack has no file '%.*s'", S(p->suite));
    (void)snprintf(p->suite_name, sizeof(p->suite_name), "%.*s", (int)p->suite.n, (const char *)p->suite.p);
    suite->name = bytes_of(p->suite_name);
    memcpy(suite->digest, file->digest, HASH_LEN);
    return 0;
}

struct files_asked {
    const char *pack;
    struct run_binding *ret;
};

/* ---- what it is, as it is now ------------------------------------------------------------------------------------------- */

/* The weights of a route's model, by its endpoint. One on another machine is not asked: then they are not known. */
static int bind_model(const struct run_pack *p, const struct run_route *r, struct run_binding *ret, struct err *err) {
    struct run_endpoint *endpoint = NULL;
    if (r->url[0] == '\0' || r->binding.model[0] == '\0') return 0;
    const struct run_endpoint_options at = {.protocol = r->protocol,
                                            .url = r->url,
                                            .key_file = r->key_file[0] != '\0' ? r->key_file : NULL,
                                            .model = r->binding.model,
                                            .lanes = 1,
                                            .stop = {.fd = p->how.stop_fd},
                                            .route = &r->binding};
    int rc = run_endpoint_open(&at, &endpoint, err);
    const struct run_subject subject = run_endpoint_subject(endpoint);
    if (rc == 0) rc = subject.bind(endpoint, ret, err);
    run_endpoint_close(endpoint);
    return rc;
}

/* Samples are runs of the pack as it is installed then: other files of the same version are a difference. */
static int bind_files(void *ctx, struct state_view *view, struct err *err) {
    const struct files_asked *f = ctx;
    const struct bytes name = bytes_of(f->pack);
    struct row row;
    int rc = look_stored(view, "packs", &name, 1, &row, NULL, err);
    const struct bytes digest = rc == 0 ? row_text(&row, PACK_TREE_DIGEST) : (struct bytes){0};
    (void)snprintf(f->ret->pack_digest, sizeof(f->ret->pack_digest), "%.*s", S(digest));
    row_done(&row);
    return rc;
}

static int bind(void *ctx, struct run_binding *ret, struct err *err) {
    struct run_pack *p = ctx;
    struct state_options how;
    struct program *program = calloc(1, sizeof(*program));
    struct run_route *r = calloc(1, sizeof(*r));
    const struct manifest_route *route = manifest_route(&p->manifest->pack, bytes_of(p->route));
    int rc = program != NULL && r != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    if (rc == 0 && p->host == NULL) { /* at the beginning, before there are lanes */
        rc = running_host(p->how.ledger, p->how.user, p->how.unconfined, &p->host, err);
    }
    if (rc == 0 && p->route[0] != '\0') {
        rc = run_route_find(p->how.ledger, p->route, r, err);
        if (rc == 0) *ret = r->binding;
        if (rc == 0 && route != NULL && manifest_role(route) == MANIFEST_MODEL) rc = bind_model(p, r, ret, err);
    }
    (void)snprintf(ret->pack, sizeof(ret->pack), "%s", p->how.pack);
    (void)snprintf(ret->pack_version, sizeof(ret->pack_version), "%s", p->version);
    (void)snprintf(ret->runtime, sizeof(ret->runtime), "pack");
    state_options_init(&how);
    if (rc == 0) rc = state_ask(p->how.ledger, &how, bind_files, &(struct files_asked){p->how.pack, ret}, err);
    if (rc == 0 && route != NULL && manifest_role(route) == MANIFEST_TOOL) {
        ret->model[0] = '\0';
        rc = program_find(route->program, p->dir, program, err);
        if (rc == 0) {
            memcpy(ret->program_digest, "sha256:", 7);
            text_hex(ret->program_digest + 7, program->digest, HASH_LEN);
        }
    }
    if (rc == 0 && !p->bound) {
        (void)snprintf(p->serves, sizeof(p->serves), "%s",
                       ret->program_digest[0] != '\0' ? ret->program_digest : ret->digest);
        p->bound = true;
    }
    free(program);
    free(r);
    return rc;
}

/* ---- one sample --------------------------------------------------------------------------------------------------------- */

struct asking {
    struct run_pack *pack;
    const struct suite *suite;
    const struct suite_case *one;
    char workspace[FILE_PATH_MAX], out[FILE_PATH_MAX];
    char words[WORDS_MAX_ + 1][FILE_PATH_MAX];
    const char *argv[WORDS_MAX_ + 1];
    size_t words_n;
    struct run_result result;
    char digest[80]; /* of the program or the weights that served the route; "": none did */
    char why[RUN_WORDS];
    double ms; /* of the steps on the route, else of all */
};

static void tell(void *ctx, const struct run_told *told) {
    struct asking *a = ctx;
    if (!told->ended) return;
    bool on = bytes_is(told->served, a->pack->route);
    if (on || a->pack->route[0] == '\0') a->ms += (double)told->ns / NS_PER_MS;
    if (on) (void)snprintf(a->digest, sizeof(a->digest), "%s", told->digest);
    if (told->why[0] != '\0' && told->status != RUN_SKIPPED && a->why[0] == '\0') {
        (void)snprintf(a->why, sizeof(a->why), "%.*s: %.400s", S(told->step), told->why);
    }
}

/* It is gone with the sample, so that nothing has to be on disk. */
static int put_bytes(const char *path, struct bytes data, struct err *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    bool good = fd >= 0 && file_put_all(fd, data.p, data.n) == 0;
    int failed = errno;
    if (fd >= 0) close(fd);
    return good ? 0 : err_errno(err, failed, "cannot write '%s'", path);
}

static int put_file(struct asking *a, const struct suite_file *file, struct err *err) {
    char from[FILE_PATH_MAX], to[FILE_PATH_MAX], parent[FILE_PATH_MAX], path[FILE_PATH_MAX];
    struct buf content = {.max = (size_t)1 << 30};
    uint8_t digest[HASH_LEN];
    (void)snprintf(path, sizeof(path), "%.*s", (int)file->path.n, (const char *)file->path.p);
    int rc = file_join(from, a->suite->directory, path, err);
    if (rc == 0) rc = file_join(to, a->workspace, path, err);
    if (rc == 0) rc = file_read_regular(from, &content, err);
    if (rc == 0) {
        const struct bytes whole = bytes_of_buf(&content);
        hash_parts(digest, &whole, 1);
        if (memcmp(digest, file->digest, HASH_LEN) != 0)
            rc = err_set(err, ERR_TAMPERED, "'%s' was changed since the suite was read", from);
    }
    if (rc == 0) rc = file_parent(parent, to, err);
    if (rc == 0) rc = file_make_dirs(parent, err);
    if (rc == 0 && !file_exists(to)) rc = put_bytes(to, bytes_of_buf(&content), err);
    if (rc == 0) {
        char *word = a->words[a->words_n];
        a->argv[a->words_n++] = word;
        int n = snprintf(word, FILE_PATH_MAX, "%.*s=%s", S(file->name), path);
        if (n < 0 || n >= FILE_PATH_MAX) rc = err_set(err, ERR_LIMIT, "the path '%.100s' is too long", path);
    }
    buf_done(&content);
    return rc;
}

static int put_inputs(struct asking *a, struct err *err) {
    int rc = run_workspace_sample(&a->pack->workspace, a->workspace, err);
    if (rc == 0) rc = file_join(a->out, a->workspace, ".out", err);
    for (size_t i = 0; rc == 0 && i < a->one->files_n; i++) {
        rc = put_file(a, &a->one->files[i], err);
    }
    for (size_t i = 0; rc == 0 && i < a->one->arguments_n; i++) {
        char *word = a->words[a->words_n];
        const struct bytes text = a->one->arguments[i];
        if (text.n >= FILE_PATH_MAX)
            return err_set(err, ERR_LIMIT, "an argument is longer than %d bytes", FILE_PATH_MAX - 1);
        memcpy(word, text.p, text.n);
        word[text.n] = '\0';
        a->argv[a->words_n++] = word;
    }
    return rc;
}

/* Readable when somebody wants to stop, or the case's time is over. */
static int open_watch(const struct run_pack *p, uint64_t ms, int *ret_timer, int *ret, struct err *err) {
    struct epoll_event event = {.events = EPOLLIN};
    const struct itimerspec at = {.it_value = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000}};
    *ret_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    *ret = epoll_create1(EPOLL_CLOEXEC);
    bool good = *ret_timer >= 0 && *ret >= 0 && timerfd_settime(*ret_timer, 0, &at, NULL) == 0 &&
                epoll_ctl(*ret, EPOLL_CTL_ADD, *ret_timer, &event) == 0 &&
                (p->how.stop_fd <= 0 || epoll_ctl(*ret, EPOLL_CTL_ADD, p->how.stop_fd, &event) == 0);
    return good ? 0 : err_errno(err, errno, "cannot watch the time");
}

static int run(struct asking *a, const struct run_outputs *o, bool *ret_late, struct err *err) {
    const struct run_pack *p = a->pack;
    struct bytes *names = calloc(o->n + 1, sizeof(*names));
    int timer = -1, watch = -1;
    uint64_t fired = 0;
    for (size_t i = 0; names != NULL && i < o->n; i++) {
        names[i] = o->all[i].name;
    }
    const struct run_part part = {.route = p->route[0] != '\0' ? p->route : NULL, .outputs = names, .outputs_n = o->n};
    int rc =
        names != NULL ? open_watch(p, a->one->timeout_ms, &timer, &watch, err) : err_set(err, ERR_NOMEM, "out of memory");
    const struct run_options how = {.ledger = p->how.ledger,
                                    .pack = p->how.pack,
                                    .words = a->argv,
                                    .words_n = a->words_n,
                                    .workspace = a->workspace,
                                    .out = a->out,
                                    .actor = p->how.actor,
                                    .demo = true,
                                    .unconfined = p->how.unconfined,
                                    .dpkg_dir = p->how.dpkg_dir,
                                    .trust = p->how.trust,
                                    .user = p->how.user,
                                    .part = part.route != NULL || o->n > 0 ? &part : NULL,
                                    .scratch = true,
                                    .host = p->host,
                                    .seen = p->seen,
                                    .stop = p->how.stop,
                                    .stop_fd = watch,
                                    .halt = p->how.halt,
                                    .told = tell,
                                    .told_ctx = a};
    if (rc == 0) rc = run_pack(&how, &a->result, err);
    *ret_late = timer >= 0 && read(timer, &fired, sizeof(fired)) == (ssize_t)sizeof(fired);
    if (timer >= 0) close(timer);
    if (watch >= 0) close(watch);
    free(names);
    return rc;
}

static int read_outputs(const struct asking *a, struct run_outputs *o, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && a->result.artifacts > 0 && i < o->n; i++) {
        char name[256], path[FILE_PATH_MAX];
        (void)snprintf(name, sizeof(name), "%.*s", (int)o->all[i].name.n, (const char *)o->all[i].name.p);
        rc = file_join(path, a->out, name, err);
        if (rc == 0 && file_exists(path)) {
            rc = file_read_regular(path, &o->all[i].content, err);
            o->all[i].made = rc == 0;
        }
    }
    return rc;
}

static void end_with(struct run_answer *ret, enum run_answer_end end, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void end_with(struct run_answer *ret, enum run_answer_end end, const char *fmt, ...) {
    va_list args;
    ret->end = end;
    va_start(args, fmt);
    (void)vsnprintf(ret->why, sizeof(ret->why), fmt, args);
    va_end(args);
}

static void judge_run(const struct asking *a, bool late, struct run_answer *ret) {
    const struct run_result *r = &a->result;
    const char *route = a->pack->route;
    memcpy(ret->pack_run, r->id, sizeof(r->id) < sizeof(ret->pack_run) ? sizeof(r->id) : sizeof(ret->pack_run));
    ret->violations = r->refused + !r->begun;
    ret->latency_ms = r->begun ? a->ms : NAN;
    ret->has_exit = r->begun;
    ret->exit = strcmp(r->outcome, "ok") == 0 || strcmp(r->outcome, "partial") == 0 ? 0 : 1;
    if (!r->begun) {
        end_with(ret, RUN_ERRED, "the run was refused: %.400s", r->refusal.reason);
    } else if (late) {
        end_with(ret, RUN_LIMITED, "it took longer than %llu ms", (unsigned long long)a->one->timeout_ms);
    } else if (strcmp(r->outcome, "timeout") == 0) {
        end_with(ret, RUN_LIMITED, "%.500s", r->why);
    } else if (strcmp(r->outcome, "aborted") == 0) {
        end_with(ret, RUN_ERRED, "it was stopped");
    } else if (route[0] != '\0' && a->digest[0] == '\0') {
        end_with(ret, RUN_ERRED, "route '%.100s' served no step%s%.300s", route, a->why[0] != '\0' ? ": " : "", a->why);
    } else if (a->pack->serves[0] != '\0' && strcmp(a->pack->serves, a->digest) != 0) {
        end_with(ret, RUN_ERRED, "what serves route '%.100s' was changed while it was evaluated", route);
    }
}

static int keep_answer(const struct run_pack *p, struct run_outputs *o, struct run_answer *ret, struct err *err) {
    struct bytes answer = {0};
    if (!run_outputs_named(o, answer_of(&p->manifest->pack), &answer) && o->n > 0) {
        (void)run_outputs_named(o, o->all[0].name, &answer);
    }
    ret->output = (struct buf){.max = OUTPUT_MAX};
    buf_put_bytes(&ret->output, answer);
    ret->named = run_outputs_named;
    ret->named_ctx = o;
    ret->named_done = run_outputs_free;
    return buf_check(&ret->output, "an answer", err);
}

/* Failures of a sample are its own; those of the ledger end the evaluation. */
static bool is_of_sample(int rc) {
    return rc == ERR_INVALID || rc == ERR_NOTFOUND || rc == ERR_TAMPERED || rc == ERR_LIMIT || rc == ERR_CONFLICT;
}

static int answer(void *ctx, unsigned lane, const struct suite *suite, const struct suite_case *one, uint64_t repeat,
                  struct run_answer *ret, struct err *err) {
    struct asking *a = calloc(1, sizeof(*a));
    struct run_outputs *o = run_outputs_new(one, answer_of(&((struct run_pack *)ctx)->manifest->pack));
    struct err why = {0};
    bool late = false;
    (void)lane;
    (void)repeat;
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
    a->pack = ctx;
    a->suite = suite;
    a->one = one;
    a->result.outcome = "refused";
    int rc = put_inputs(a, &why);
    if (rc == 0) rc = run(a, o, &late, &why);
    if (rc == 0) judge_run(a, late, ret);
    if (rc == 0) rc = read_outputs(a, o, &why);
    if (rc == 0) {
        rc = keep_answer(ctx, o, ret, err);
    } else {
        run_outputs_free(o);
        if (is_of_sample(rc)) {
            end_with(ret, RUN_ERRED, "%.500s", why.msg);
            rc = 0;
        } else {
            err_set(err, rc, "%s", why.msg);
        }
    }
    run_workspace_drop(a->workspace);
    free(a);
    return rc;
}

/* ---- how many at once --------------------------------------------------------------------------------------------------- */

/* Whether samples could meet: in what a step changes, or in a snapshot or tripcode that one of them uses up. */
static bool is_serial(const struct manifest_pack *pack) {
    bool serial = false;
    for (size_t i = 0; i < pack->permissions.n; i++) {
        const struct manifest_permission *p = &pack->permissions.items[i];
        bool outside = bytes_is(p->group, "filesystem.write") && (p->scope.n == 0 || p->scope.p[0] == '/');
        serial = serial || outside || scope_tier(p->tier) >= 2;
    }
    return serial;
}

struct run_subject run_pack_subject(struct run_pack *p) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned lanes = processors < 1 ? 1 : processors < LANES_MAX ? (unsigned)processors : LANES_MAX;
    return (struct run_subject){.target = {.ctx = p, .lanes_max = is_serial(&p->manifest->pack) ? 1 : 0, .answer = answer},
                                .lanes = p->timed ? 1 : lanes,
                                .bind = bind};
}

/* A check uses permissions as a step does: the use is recorded first, judged, and then the program runs, confined, with the pack
 * and nothing else; or the endpoint is asked, on this machine too. */
#include "packs/run/checks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/glob.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/kinds/scope.h"
#include "packs/life/program.h"
#include "packs/run/gate.h"
#include "packs/run/journal.h"
#include "packs/run/needs.h"
#include "packs/run/running.h"
#include "packs/run/words.h"
#include "projections/ready/pack.h"
#include "work/probe.h"
#include "work/process.h"

#define S(text_)   (int)((text_).n < 100 ? (text_).n : 100), (const char *)(text_).p
#define TIMEOUT_NS UINT64_C(10000000000)
#define NS_PER_MS  UINT64_C(1000000)
#define OUTPUT_MAX ((size_t)64 << 10)
#define BODY_MAX   ((size_t)256 << 10)

static const char *const names[] = {"pass", "fail", "unknown"};

const char *checks_verdict_name(enum checks_verdict verdict) {
    return names[verdict];
}

struct checking {
    const struct checks_options *options;
    const struct gate *gate;
    const struct manifest_pack *pack;
    struct journal journal;
    struct work_host *host; /* NULL until a program is run */
    int pack_fd;
};

/* One check and what came of it. */
struct one {
    const struct manifest_check *check;
    enum checks_verdict verdict;
    bool exited;
    int code;
    uint64_t ns;
    uint64_t cause; /* seq of the use of a permission */
    char why[RUN_WORDS];
    struct buf output;
};

static void conclude(struct one *one, enum checks_verdict verdict, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void conclude(struct one *one, enum checks_verdict verdict, const char *fmt, ...) {
    va_list args;
    one->verdict = verdict;
    va_start(args, fmt);
    (void)vsnprintf(one->why, sizeof(one->why), fmt, args);
    va_end(args);
}

/* ---- permissions ------------------------------------------------------------------------------------------------------ */

/* Records the use. False: it is not permitted, and the check is unknown. What goes as far as T2 takes a snapshot or a tripcode, which
 * steps have and checks do not. */
static int use(struct checking *c, struct one *one, const char *group, struct bytes scope, bool *ret, struct err *err) {
    const struct journal_event event = {.kind = "permission.used",
                                        .noun = "pack",
                                        .name = c->pack->name,
                                        .guard = JOURNAL_STEP,
                                        .cause = c->gate->installed,
                                        .after = SIZE_MAX};
    const struct bytes tier = needs_tier_of(c->pack, group, scope);
    struct mp_map body;
    struct buf words = {.max = 2 * RUN_WORDS};
    *ret = false;
    if (scope_tier(tier) >= 2) {
        conclude(one, CHECKS_UNKNOWN, "not run: the pack asks for %s '%.*s' at %.*s, and a check goes no further than T1",
                 group, S(scope), S(tier));
        return 0;
    }
    mp_map_init(&body, BODY_MAX);
    mp_map_text(&body, "group", bytes_of(group));
    mp_map_text(&body, "scope", scope);
    mp_map_text(&body, "tier", tier);
    int rc = journal_add(&c->journal, &event, &body, NULL, NULL, err);
    if (rc == 0) rc = journal_commit(&c->journal, err);
    *ret = rc == 0;
    if (rc == 0) {
        one->cause = c->journal.seq[0];
    } else if (rc == ERR_CONFLICT && !c->journal.decision.yes) {
        journal_words(&c->journal.decision, &words);
        conclude(one, CHECKS_UNKNOWN, "not run: %.*s", (int)words.n, (const char *)words.p);
        rc = 0;
    }
    buf_done(&words);
    mp_map_done(&body);
    return rc;
}

/* ---- programs --------------------------------------------------------------------------------------------------------- */

static void judge_program(struct one *one, const struct work_result *r) {
    const struct manifest_expect *expect = one->check->expect;
    int64_t code = expect != NULL && expect->exit_code.given ? expect->exit_code.value : 0;
    struct bytes printed = bytes_of_buf(&one->output);
    one->exited = r->end == WORK_EXITED;
    one->code = r->code;
    while (printed.n > 0 && printed.p[printed.n - 1] == '\n') {
        printed.n--;
    }
    if (r->end == WORK_NOT_STARTED || r->end == WORK_STOPPED) {
        conclude(one, CHECKS_UNKNOWN, "%s", r->why[0] != '\0' ? r->why : work_end_name(r->end));
    } else if (!one->exited) {
        conclude(one, CHECKS_FAIL, "%s", r->why[0] != '\0' ? r->why : work_end_name(r->end));
    } else if (r->code != code) {
        conclude(one, CHECKS_FAIL, "its exit code is %d, expected %lld", r->code, (long long)code);
    } else if (expect != NULL && expect->output.n > 0 && !glob_match(expect->output, printed)) {
        conclude(one, CHECKS_FAIL, "its output does not match '%.*s'", S(expect->output));
    } else {
        conclude(one, CHECKS_PASS, "%s", "");
    }
}

static int read_output(struct one *one, int fd, struct err *err) {
    uint8_t piece[4096];
    ssize_t n = 0;
    off_t at = 0;
    while (one->output.n < OUTPUT_MAX && (n = pread(fd, piece, sizeof(piece), at)) > 0) {
        size_t left = OUTPUT_MAX - one->output.n;
        at += n;
        buf_put(&one->output, piece, (size_t)n < left ? (size_t)n : left);
    }
    return n >= 0 ? buf_check(&one->output, "what a check printed", err)
                  : err_errno(err, errno, "cannot read what it printed");
}

static int run_program(struct checking *c, struct one *one, const struct program *program, struct err *err) {
    static const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", NULL};
    const struct work_bind bind = {c->pack_fd, PROGRAM_PACK, false};
    uint64_t timeout = one->check->timeout > 0 ? one->check->timeout : TIMEOUT_NS;
    struct work_result result;
    struct words argv;
    int fd = memfd_create("check", MFD_CLOEXEC);
    words_init(&argv);
    int rc = fd >= 0 ? 0 : err_errno(err, errno, "cannot make a file in memory");
    if (rc == 0) rc = words_add(&argv, bytes_of(c->options->unconfined ? program->host : program->inside), err);
    for (size_t i = 0; rc == 0 && i < one->check->arguments.n; i++) {
        rc = words_add(&argv, one->check->arguments.items[i], err);
    }
    const struct work_process process = {
        .program = c->options->unconfined ? program->host : program->inside,
        .argv = argv.argv,
        .environment = environment,
        .input = -1,
        .output = fd,
        .error = fd,
        .binds = &bind,
        .binds_n = 1,
        .limit = {.wall_ms = timeout / NS_PER_MS + (timeout % NS_PER_MS > 0), .output = OUTPUT_MAX},
        .stop = c->options->stop_fd};
    if (rc == 0) {
        rc = work_process_run(c->host, &process, &result, err);
        if (rc == 0) rc = read_output(one, fd, err);
        if (rc == 0) judge_program(one, &result);
        work_result_done(&result);
    }
    words_done(&argv);
    if (fd >= 0) close(fd);
    return rc;
}

static int check_program(struct checking *c, struct one *one, struct err *err) {
    struct program *program = calloc(1, sizeof(*program));
    struct err why = {0};
    bool permitted = false;
    if (program == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    int rc = use(c, one, "exec", one->check->program, &permitted, err);
    if (rc == 0 && permitted && program_find(one->check->program, c->gate->dir, program, &why) != 0) {
        conclude(one, CHECKS_FAIL, "%s", why.msg);
    } else if (rc == 0 && permitted) {
        rc = c->host != NULL ? 0
                             : running_host(c->options->ledger, c->options->user, c->options->unconfined, &c->host, &why);
        if (rc == 0) rc = run_program(c, one, program, &why);
        if (rc != 0) conclude(one, CHECKS_UNKNOWN, "%s", why.msg);
        rc = 0;
    }
    free(program);
    return rc;
}

/* ---- endpoints -------------------------------------------------------------------------------------------------------- */

static void judge_url(struct one *one, const struct work_probe_result *r) {
    bool nobody = r->end == WORK_CALL_STOPPED || r->end == WORK_CALL_OFF_BOX;
    conclude(one, r->expected ? CHECKS_PASS : nobody ? CHECKS_UNKNOWN : CHECKS_FAIL, "%.500s", r->why);
}

static int probe(const struct checking *c, const struct one *one, struct work_probe_result *ret, struct err *err) {
    const struct manifest_expect *expect = one->check->expect;
    uint64_t timeout = one->check->timeout > 0 ? one->check->timeout : TIMEOUT_NS;
    const struct work_probe look = {.url = (const char *)one->check->url.p,
                                    .status = expect != NULL && expect->status > 0 ? (unsigned)expect->status : 200,
                                    .body = expect != NULL ? (const char *)expect->output.p : NULL,
                                    .timeout_ms = (uint32_t)(timeout / NS_PER_MS),
                                    .off_box = true,
                                    .named = true,
                                    .stop = {.fd = c->options->stop_fd}};
    return work_probe_run(&look, ret, err);
}

static int check_url(struct checking *c, struct one *one, struct err *err) {
    struct work_probe_result r;
    struct work_place place;
    struct err why = {0};
    char scope[WORK_HOST_MAX + 16];
    bool permitted = false;
    int rc = work_probe_place((const char *)one->check->url.p, &place, &why);
    if (rc == 0) {
        (void)snprintf(scope, sizeof(scope), strchr(place.host, ':') != NULL ? "[%s]:%u" : "%s:%u", place.host, place.port);
        rc = use(c, one, "network.egress", bytes_of(scope), &permitted, err);
        if (rc != 0 || !permitted) return rc;
        rc = probe(c, one, &r, &why);
    }
    if (rc != 0) {
        conclude(one, CHECKS_UNKNOWN, "%s", why.msg);
    } else {
        judge_url(one, &r);
    }
    return 0;
}

/* ---- all of them ------------------------------------------------------------------------------------------------------ */

static void put_evals(const struct checks_fact *fact, struct mp_map *body) {
    if (fact->evals_n == 0) return;
    mp_map_begin(body, "evals");
    mp_put_array(&body->values, (uint32_t)fact->evals_n);
    for (size_t i = 0; i < fact->evals_n; i++) {
        mp_put_text(&body->values, fact->evals[i]);
    }
    mp_map_end(body);
}

static int put(struct journal *journal, const struct checks_fact *fact, uint64_t *ret_seq, struct err *err) {
    const struct journal_event event = {.kind = "pack.checked",
                                        .noun = "pack",
                                        .name = fact->pack,
                                        .guard = JOURNAL_STEP,
                                        .cause = fact->cause,
                                        .after = SIZE_MAX};
    struct mp_map body, private_;
    struct buf text = {.max = 8 * OUTPUT_MAX}, ms = {.max = 16};
    mp_map_init(&body, BODY_MAX);
    mp_map_init(&private_, 16 * OUTPUT_MAX);
    mp_map_text(&body, "pack", fact->pack);
    mp_map_text(&body, "version", fact->version);
    mp_map_text(&body, "check", fact->told.name);
    mp_map_text(&body, "verdict", bytes_of(names[fact->told.verdict]));
    mp_map_bool(&body, "required", fact->told.required);
    mp_put_float(&ms, (double)fact->told.ns / (double)NS_PER_MS);
    mp_map_raw(&body, "duration_ms", bytes_of_buf(&ms));
    put_evals(fact, &body);
    if (fact->exited) {
        mp_map_uint(&body, "exit_code", (uint64_t)fact->code);
    }
    if (fact->told.why[0] != '\0') {
        buf_printf(&text, "%s\n", fact->told.why);
    }
    text_safe_json(&text, fact->output);
    mp_map_text(&private_, "output", bytes_of_buf(&text));
    int rc = journal_add(journal, &event, &body, &private_, NULL, err);
    if (rc == 0) rc = journal_commit(journal, err);
    if (rc == 0) {
        *ret_seq = journal->seq[0];
    }
    buf_done(&text);
    buf_done(&ms);
    mp_map_done(&body);
    mp_map_done(&private_);
    return rc;
}

int checks_record(struct ledger *ledger, const char *actor, const struct checks_fact *fact, uint64_t *ret_seq,
                  struct err *err) {
    struct journal *journal = calloc(1, sizeof(*journal));
    if (journal == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    journal_init(journal, ledger, (struct bytes){0}, bytes_of(actor));
    int rc = put(journal, fact, ret_seq, err);
    journal_done(journal);
    free(journal);
    return rc;
}

static int check_one(struct checking *c, const struct manifest_check *check, struct checks_result *ret, struct err *err) {
    struct one one = {.check = check, .cause = c->gate->installed, .output = {.max = OUTPUT_MAX + 1}};
    uint64_t began = clock_boot_ns();
    int rc = check->program.n > 0 ? check_program(c, &one, err) : check_url(c, &one, err);
    one.ns = clock_boot_ns() - began;
    struct checks_fact fact = {.pack = c->pack->name,
                               .version = c->pack->version,
                               .told = {check->name, check->required, one.verdict, one.ns, LOG_NO_SEQ, one.why},
                               .cause = one.cause,
                               .exited = one.exited,
                               .code = one.code,
                               .output = bytes_of_buf(&one.output)};
    if (rc == 0) rc = put(&c->journal, &fact, &fact.told.seq, err);
    if (rc == 0) {
        ret->n++;
        ret->passed += one.verdict == CHECKS_PASS;
        ret->good = ret->good && (one.verdict == CHECKS_PASS || !check->required);
        if (c->options->told != NULL) {
            c->options->told(c->options->told_ctx, &fact.told);
        }
    }
    buf_done(&one.output);
    return rc;
}

static int check_all(struct checking *c, struct checks_result *ret, struct err *err) {
    int rc = 0;
    c->pack = &c->gate->manifest->pack;
    c->pack_fd = c->gate->files;
    for (size_t i = 0; rc == 0 && i < c->pack->checks.n; i++) {
        if (c->options->stop != NULL && *c->options->stop != 0) return err_set(err, ERR_BUSY, "interrupted");
        rc = check_one(c, &c->pack->checks.items[i], ret, err);
    }
    return rc;
}

int checks_run(const struct checks_options *options, struct checks_result *ret, struct err *err) {
    /* A pack that is blocked, even by a check, can be checked. */
    const struct run_options how = {.ledger = options->ledger, .pack = options->pack, .demo = true};
    struct checking *c = calloc(1, sizeof(*c));
    struct gate gate;
    memset(ret, 0, sizeof(*ret));
    ret->good = true;
    decide_begin(&ret->refusal);
    if (c == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    c->options = options;
    c->gate = &gate;
    c->pack_fd = -1;
    journal_init(&c->journal, options->ledger, (struct bytes){0}, bytes_of(options->actor));
    int rc = gate_ask(&gate, &how, &ret->refusal, err);
    if (rc == 0 && ret->refusal.yes) rc = check_all(c, ret, err);
    work_host_close(c->host);
    journal_done(&c->journal);
    gate_done(&gate);
    free(c);
    return rc;
}

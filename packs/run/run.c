/* In this order, so that nothing is written before all that can refuse the run has been asked: the pack's state and files, what
 * the run is given, what serves its steps, where its artifacts go, what confines its steps; then the copies of its inputs; then run.started, judged in
 * the commit that records it. From there on every way out leads past run.finished. */
#include "packs/run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "packs/run/deliver.h"
#include "packs/run/events.h"
#include "packs/run/gate.h"
#include "packs/run/served.h"
#include "packs/run/step.h"
#include "projections/act/watch.h"
#include "projections/ready/pack.h"

/* ---- before it begins ------------------------------------------------------------------------------------------------- */

static int open_dir(const char *path, int *ret, struct err *err) {
    *ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret >= 0 ? 0 : err_errno(err, errno, "cannot open '%s'", path);
}

static int make_steps(struct running *run, struct err *err) {
    run->steps = calloc(run->pack->steps.n + 1, sizeof(*run->steps));
    for (size_t i = 0; run->steps != NULL && i < run->pack->steps.n; i++) {
        run->steps[i].data = calloc(run->pack->steps.items[i].outputs.n + 1, sizeof(struct datum));
        if (run->steps[i].data == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    }
    return run->steps != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
}

/* Root's steps run as somebody else, who cannot enter the ledger's directory; confined, they need not. */
static int check_unconfined(const struct run_options *options, struct err *err) {
    return !options->unconfined || geteuid() != 0
               ? 0
               : err_set(err, ERR_INVALID,
                         "--unconfined is for ordinary users: root's steps run as another user, who cannot read the pack");
}

static int prepare(struct running *run, const struct gate *gate, struct err *err) {
    const struct run_options *o = run->options;
    run->pack = &gate->manifest->pack;
    run->version = row_text(&gate->row, PACK_VERSION);
    run->digest = row_text(&gate->row, PACK_DIGEST);
    run->tree_digest = row_text(&gate->row, PACK_TREE_DIGEST);
    memcpy(run->pack_dir, gate->dir, sizeof(run->pack_dir));
    run->pack_fd = gate->files;
    int rc = check_unconfined(o, err);
    if (rc == 0) rc = open_dir(o->workspace, &run->workspace, err);
    if (rc == 0) rc = own_find(log_dir(o->ledger), o->trust, &run->own, err);
    if (rc == 0) rc = given_read(run->pack, o->words, o->words_n, run->workspace, &run->given, err);
    if (rc == 0) rc = make_steps(run, err);
    if (rc == 0) rc = running_want(run, err);
    run->host = o->host;
    if (rc == 0 && o->host == NULL) rc = running_host(o->ledger, o->user, o->unconfined, &run->host, err);
    return rc;
}

static int take_place(struct running *run, struct run_result *ret, struct err *err) {
    int rc = place_open(log_dir(run->options->ledger), run->options->id, &run->place, err);
    if (rc == 0) {
        memcpy(ret->id, run->place.id, sizeof(ret->id));
        run->id = bytes_of(run->place.id);
        journal_init(&run->journal, run->options->ledger, run->id, bytes_of(run->options->actor));
        rc = deliver_where(run->options, ret->id, ret->out, err);
    }
    if (rc == 0) rc = given_copy(&run->given, run->workspace, &run->own, &run->place, run->options->stop, err);
    return rc;
}

/* ---- the steps -------------------------------------------------------------------------------------------------------- */

static void tell(const struct running *run, const struct manifest_step *step, size_t number, const struct step_end *end,
                 uint64_t ns) {
    const struct run_told told = {.ended = end != NULL,
                                  .number = number,
                                  .of = run->pack->steps.n,
                                  .step = step->id,
                                  .route = step->route,
                                  .status = end != NULL ? end->status : RUN_WAITING,
                                  .ns = ns,
                                  .why = end != NULL ? end->why : "",
                                  .note = end != NULL ? end->note : "",
                                  .served = end != NULL ? end->served : (struct bytes){0},
                                  .digest = end != NULL ? end->digest : ""};
    if (run->options->told != NULL) {
        run->options->told(run->options->told_ctx, &told);
    }
}

static void count(struct run_result *ret, enum run_status status) {
    ret->ok += status == RUN_OK;
    ret->failed += status == RUN_FAILED;
    ret->refused += status == RUN_REFUSED;
    ret->skipped += status == RUN_SKIPPED;
}

/* The first thing that went wrong says why. */
static void note(struct run_result *ret, const struct manifest_step *step, const struct step_end *end, const char **worst) {
    const char *words = end->status == RUN_OK ? end->note : end->why;
    bool wrong = end->status == RUN_FAILED || end->status == RUN_REFUSED || (end->status == RUN_OK && end->note[0] != '\0');
    if (!wrong) return;
    if (ret->why[0] == '\0' || (end->status != RUN_OK && *worst == NULL)) {
        (void)snprintf(ret->why, sizeof(ret->why), "%.*s: %.400s", (int)step->id.n, (const char *)step->id.p, words);
    }
    if (*worst == NULL && end->status != RUN_OK) {
        *worst = end->status == RUN_REFUSED ? "refused" : strcmp(end->error, "timeout") == 0 ? "timeout" : "error";
    }
}

/* Before each step and after the last one. A change that was undone shows as well, so whatever a step read was installed or the
 * run does not end well. */
static void look_at_pack(struct running *run, const struct gate *gate) {
    if (run->changed.code == 0) {
        (void)gate_again(gate, &run->changed);
    }
}

/* *worst: the outcome that the first step has which did not go well; NULL: all did. */
static int run_steps(struct running *run, const struct gate *gate, struct run_result *ret, const char **worst,
                     struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < run->pack->steps.n; i++) {
        const struct manifest_step *step = &run->pack->steps.items[gate->manifest->order[i]];
        struct step_end end;
        uint64_t began = clock_boot_ns();
        look_at_pack(run, gate);
        tell(run, step, i + 1, NULL, 0);
        rc = step_run(run, gate->manifest->order[i], &end, err);
        if (rc != 0) break;
        tell(run, step, i + 1, &end, clock_boot_ns() - began);
        count(ret, end.status);
        note(ret, step, &end, worst);
    }
    look_at_pack(run, gate);
    return rc;
}

/* ---- the end ---------------------------------------------------------------------------------------------------------- */

/* Whether a step failed, or was refused, on a route that the pack requires. */
static bool lacks_step(const struct running *run) {
    for (size_t i = 0; i < run->pack->steps.n; i++) {
        const struct manifest_step *step = &run->pack->steps.items[i];
        bool wrong = run->steps[i].status == RUN_FAILED || run->steps[i].status == RUN_REFUSED;
        for (size_t j = 0; wrong && j < run->pack->routes.n; j++) {
            const struct manifest_route *route = &run->pack->routes.items[j];
            if (route->required && bytes_eq(route->name, step->route)) return true;
        }
    }
    return false;
}

static void judge_outcome(struct running *run, struct run_result *ret, const char *worst, const struct err *delivery) {
    struct bytes missing = deliver_missing(run);
    bool kept = missing.p == NULL && !lacks_step(run) && (worst == NULL || ret->ok > 0);
    if (running_stopped(run)) {
        ret->outcome = "aborted";
        (void)snprintf(ret->why, sizeof(ret->why), "%s", run->locked[0] != '\0' ? run->locked : "it was stopped");
    } else if (delivery->code != 0) {
        ret->outcome = "error";
        (void)snprintf(ret->why, sizeof(ret->why), "%.500s", delivery->msg);
    } else if (!kept) {
        ret->outcome = worst != NULL ? worst : "error";
        if (ret->why[0] == '\0') {
            (void)snprintf(ret->why, sizeof(ret->why), "the artifact '%.*s' was not made", (int)missing.n,
                           (const char *)missing.p);
        }
    } else {
        ret->outcome = ret->why[0] != '\0' ? "partial" : "ok";
        if (ret->why[0] == '\0') memcpy(ret->why, run->over, sizeof(run->over));
    }
}

/* The end is recorded even where the steps could not be recorded to theirs, if the ledger takes it again. */
static int finish(struct running *run, struct run_result *ret, const char *worst, int rc, uint64_t began, struct err *err) {
    struct err delivery = run->changed, last = {0};
    if (rc == 0) {
        if (delivery.code == 0) (void)deliver(run, ret->out, &ret->artifacts, &delivery);
        judge_outcome(run, ret, worst, &delivery);
    } else {
        ret->outcome = "error";
        (void)snprintf(ret->why, sizeof(ret->why), "%.500s", err->msg);
        journal_drop(&run->journal);
    }
    if (ret->artifacts == 0) {
        ret->out[0] = '\0';
    }
    int ended = events_finished(run, ret, clock_boot_ns() - began, &ret->finished, rc == 0 ? err : &last);
    return rc != 0 ? rc : ended;
}

/* By the watch's thread. */
static void lock_down(void *ctx, const char *why) {
    struct running *run = ctx;
    (void)snprintf(run->locked, sizeof(run->locked), "it was stopped: %.400s", why);
    run->options->halt();
}

static int run_begun(struct running *run, const struct gate *gate, struct run_result *ret, struct err *err) {
    const char *worst = NULL;
    uint64_t began = clock_boot_ns();
    struct watch *watch = NULL;
    int rc = run->options->halt == NULL ? 0 : watch_begin(run->options->ledger, "run.step", lock_down, run, &watch, err);
    if (rc == 0) rc = run_steps(run, gate, ret, &worst, err);
    watch_end(watch);
    return finish(run, ret, worst, rc, began, err);
}

static void close_all(struct running *run, bool ended) {
    place_close(&run->place, ended);
    if (run->host != run->options->host) work_host_close(run->host);
    given_done(&run->given);
    journal_done(&run->journal);
    for (size_t i = 0; run->steps != NULL && i < run->pack->steps.n; i++) {
        free(run->steps[i].data);
    }
    free(run->steps);
    served_free(run->served);
    if (run->workspace >= 0) close(run->workspace);
    free(run);
}

int run_pack(const struct run_options *options, struct run_result *ret, struct err *err) {
    struct running *run = calloc(1, sizeof(*run));
    struct gate gate;
    memset(ret, 0, sizeof(*ret));
    ret->started = ret->finished = LOG_NO_SEQ;
    ret->outcome = "refused";
    decide_begin(&ret->refusal);
    if (run == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    run->options = options;
    run->pack_fd = run->workspace = -1;
    run->place = (struct place){.lock = -1, .in = -1, .data = -1, .log = -1};
    int rc = gate_ask(&gate, options, &ret->refusal, err);
    if (rc == 0 && ret->refusal.yes) {
        rc = prepare(run, &gate, err);
        if (rc == 0) rc = served_ask(run, &run->served, &ret->refusal, err);
    }
    if (rc == 0 && ret->refusal.yes) {
        rc = take_place(run, ret, err);
        if (rc == 0) rc = events_started(run, &gate, err);
        if (rc == ERR_CONFLICT && !run->journal.decision.yes) {
            ret->refusal = run->journal.decision;
            rc = 0;
        } else if (rc == 0) {
            ret->begun = true;
            ret->started = run->started;
            rc = run_begun(run, &gate, ret, err);
        }
    }
    close_all(run, !ret->begun || ret->finished != LOG_NO_SEQ);
    gate_done(&gate);
    return rc;
}

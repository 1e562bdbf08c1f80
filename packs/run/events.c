/* The beginning and the end of a run, and the beginning of a step. */
#include "packs/run/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mp.h"
#include "packs/run/part.h"
#include "packs/run/served.h"
#include "packs/run/spelling.h"
#include "projections/permissions/permitted.h"

#define NS_PER_MS  1e6
#define LISTED_MAX ((size_t)128 << 10) /* bytes of arguments that are kept */

/* ---- the beginning and the end of a run ------------------------------------------------------------------------------- */

static bool may_have_proxy(const struct running *run) {
    bool egress = false;
    for (size_t i = 0; i < run->pack->permissions.n; i++) {
        egress = egress || bytes_is(run->pack->permissions.items[i].group, "network.egress");
    }
    return egress;
}

static void put_confinement(const struct running *run, struct mp_map *body) {
    struct work_host_state host;
    work_host_state(run->host, &host);
    mp_map_bool(body, "confined", host.confined);
    mp_map_text(body, "bwrap", bytes_of(host.bwrap));
    mp_map_uint(body, "uid", host.uid);
    mp_map_text(body, "limits", bytes_of(work_limits_name(host.limits)));
    mp_map_text(body, "execute", bytes_of(work_execute_name(host.execute)));
    mp_map_text(body, "network", bytes_of(part_network(run, may_have_proxy(run))));
}

static int put_given(const struct running *run, struct mp_map *private_) {
    uint32_t n = 0;
    for (size_t i = 0; i < run->options->words_n; i++) {
        n++;
    }
    mp_map_begin(private_, "arguments");
    mp_put_array(&private_->values, n);
    for (size_t i = 0; i < n; i++) {
        part_item(&private_->values, run->options->words[i]);
    }
    mp_map_end(private_);
    part_text(private_, "cwd", run->options->workspace);
    return 0;
}

static int put_inputs(struct running *run, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < run->given.n; i++) {
        const struct given *given = &run->given.items[i];
        if (!given->file || given->value == NULL) continue;
        if (run->journal.n == JOURNAL_MAX) rc = journal_commit(&run->journal, err);
        if (rc == 0) {
            rc = part_artifact(run, &given->copy, "input", given->input->name, given->path, (struct bytes){0},
                               given->input->media_type, false, run->started, SIZE_MAX, err);
        }
    }
    return rc;
}

/* Files that may not be read end a run before it begins; in a demo, only the steps that read them. */
static int judge_inputs(const struct running *run, struct state_view *view, struct decision *ret, struct err *err) {
    const char *session = run->options->session;
    struct buf who = {.max = 256};
    int rc = 0;
    buf_printf(&who, "pack/%.*s", (int)run->pack->name.n, (const char *)run->pack->name.p);
    for (size_t i = 0; rc == 0 && ret->yes && !run->options->demo && i < run->given.n; i++) {
        const struct given *given = &run->given.items[i];
        const struct decide_use use = {.group = bytes_of("filesystem.read"),
                                       .scope = bytes_of(given->path),
                                       .session = bytes_of(session != NULL ? session : ""),
                                       .run = run->id,
                                       .of_session = true,
                                       .one = true};
        if (!given->file || given->value == NULL) continue;
        rc = decide_is_permitted(view, bytes_of_buf(&who), &use, ret, err);
        if (rc == 0 && ret->yes) rc = spelling_judge(view, bytes_of_buf(&who), &use, run->options->workspace, ret, err);
    }
    buf_done(&who);
    return rc;
}

static int judge_start(void *ctx, struct state_view *view, struct decision *ret, struct err *err) {
    const struct running *run = ctx;
    int rc = judge_inputs(run, view, ret, err);
    return rc == 0 ? served_again(run->served, run, view, ret, err) : rc;
}

int events_started(struct running *run, const struct gate *gate, struct err *err) {
    const struct bytes permissions = bytes_of_buf(&gate->permissions);
    const struct run_options *o = run->options;
    struct mp_map body, private_;
    struct journal_event event = {.kind = "run.started",
                                  .noun = "run",
                                  .name = run->id,
                                  .guard = JOURNAL_STEP,
                                  .cause = gate->installed,
                                  .after = SIZE_MAX};
    uint8_t digest[HASH_LEN];
    hash_parts(digest, &permissions, 1);
    part_init(&body, &private_);
    mp_map_text(&body, "pack", run->pack->name);
    mp_map_text(&body, "pack_version", run->version);
    mp_map_text(&body, "digest", run->digest);
    mp_map_text(&body, "tree_digest", run->tree_digest);
    mp_map_bool(&body, "demo", o->demo);
    mp_map_text(&body, "trigger", bytes_of("person"));
    mp_map_text(&body, "session", bytes_of(o->session != NULL ? o->session : ""));
    mp_map_raw(&body, "permissions", permissions);
    mp_map_hash(&body, "permissions_digest", digest);
    part_seqs(&body, "evidence", gate->evidence, gate->n_evidence);
    put_confinement(run, &body);
    int rc = put_given(run, &private_);
    if (rc == 0) rc = journal_add(&run->journal, &event, &body, &private_, NULL, err);
    run->journal.also = judge_start;
    run->journal.also_ctx = run;
    if (rc == 0) rc = journal_commit(&run->journal, err);
    if (rc == 0) {
        run->started = run->journal.seq[0];
        rc = put_inputs(run, err);
    }
    if (rc == 0) rc = journal_commit(&run->journal, err);
    part_done(&body, &private_);
    return rc;
}

/* Each run ends once, whoever records it. */
static void finish_key(const char *id, char ret[PLACE_ID + 16]) {
    static const char suffix[] = "/finished";
    memcpy(ret, id, PLACE_ID - 1);
    memcpy(ret + PLACE_ID - 1, suffix, sizeof(suffix));
}

int events_finished(struct running *run, const struct run_result *result, uint64_t ns, uint64_t *ret_seq, struct err *err) {
    struct mp_map body, private_;
    struct journal_event event = part_fact;
    char key[PLACE_ID + 16];
    finish_key(run->place.id, key);
    event.kind = "run.finished";
    event.name = run->id;
    event.key = key;
    event.cause = run->started;
    part_init(&body, &private_);
    mp_map_text(&body, "outcome", bytes_of(result->outcome));
    if (strcmp(result->outcome, "partial") != 0) { /* neither */
        mp_map_bool(&body, "ok", strcmp(result->outcome, "ok") == 0);
    }
    part_ms(&body, "duration_ms", (double)ns / NS_PER_MS);
    mp_map_uint(&body, "steps", result->ok + result->failed + result->refused + result->skipped);
    mp_map_uint(&body, "tool_calls", run->tool_calls);
    mp_map_uint(&body, "model_calls", run->model_calls);
    part_text(&private_, "detail", result->why);
    size_t at = 0;
    int rc = journal_add(&run->journal, &event, &body, &private_, &at, err);
    if (rc == 0) rc = journal_commit(&run->journal, err);
    if (rc == 0) {
        *ret_seq = run->journal.seq[at];
    }
    part_done(&body, &private_);
    return rc;
}

int events_abandoned(struct ledger *ledger, const char *actor, const char *id, uint64_t started, uint64_t *ret_seq,
                     struct err *err) {
    struct journal *journal = calloc(1, sizeof(*journal));
    struct mp_map body, private_;
    struct journal_event event = part_fact;
    char key[PLACE_ID + 16];
    if (journal == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    journal_init(journal, ledger, bytes_of(id), bytes_of(actor));
    finish_key(id, key);
    event.kind = "run.finished";
    event.name = bytes_of(id);
    event.key = key;
    event.cause = started;
    part_init(&body, &private_);
    mp_map_text(&body, "outcome", bytes_of("aborted"));
    mp_map_bool(&body, "ok", false);
    part_text(&body, "error", "killed");
    part_text(&private_, "detail", "its process was gone before it ended");
    int rc = journal_add(journal, &event, &body, &private_, NULL, err);
    if (rc == 0) rc = journal_commit(journal, err);
    if (rc == 0) {
        *ret_seq = journal->seq[0];
    }
    part_done(&body, &private_);
    journal_done(journal);
    free(journal);
    return rc;
}

/* ---- the beginning of a step ------------------------------------------------------------------------------------------ */

int events_route(struct running *run, struct bytes route, struct bytes body, size_t *ret, struct err *err) {
    struct journal_event event = part_fact;
    event.kind = "route.decided";
    event.noun = "route";
    event.name = route;
    event.cause = run->started;
    event.raw = body;
    return journal_add(&run->journal, &event, NULL, NULL, ret, err);
}

int events_fell_back(struct running *run, const struct events_fall *fall, uint64_t cause, struct err *err) {
    struct mp_map body, private_;
    struct journal_event event = part_fact;
    event.kind = "route.fell_back";
    event.noun = "route";
    event.name = fall->route;
    event.cause = cause;
    part_init(&body, &private_);
    mp_map_text(&body, "pack", run->pack->name);
    mp_map_text(&body, "from", bytes_of(fall->from->model[0] != '\0' ? fall->from->model : fall->from->name));
    mp_map_text(&body, "chosen", bytes_of(fall->to->name));
    mp_map_text(&body, "model", bytes_of(fall->to->model));
    mp_map_text(&body, "digest", bytes_of(fall->to->digest));
    mp_map_text(&body, "reason", bytes_of(fall->reason));
    part_text(&private_, "error", fall->words);
    int rc = journal_add(&run->journal, &event, &body, &private_, NULL, err);
    part_done(&body, &private_);
    return rc;
}

static bool writes(const struct need *need) {
    return need->what == NEED_WRITE;
}

/* Absolute paths, each with all below it. */
static void put_writes(const struct running *run, const struct needs *needs, struct mp_map *body) {
    char path[FILE_PATH_MAX], whole[FILE_PATH_MAX];
    uint32_t n = 0;
    bool tree;
    for (size_t i = 0; i < needs->n; i++) {
        n += writes(&needs->list[i]);
    }
    if (n == 0) return;
    mp_map_begin(body, "writes");
    mp_put_array(&body->values, n);
    for (size_t i = 0; i < needs->n; i++) {
        if (!writes(&needs->list[i])) continue;
        int rc = needs_path(needs->list[i].scope, path, &tree, NULL);
        if (rc == 0 && path[0] != '/') rc = file_join(whole, run->options->workspace, path, NULL);
        part_item(&body->values, rc != 0 ? "/" : path[0] != '/' ? whole : path);
    }
    mp_map_end(body);
}

/* The use of a tripcode, for the step that is added next. The key is that of `append --checked`: there is one use. */
static int put_use(struct running *run, const struct trip *trip, struct err *err) {
    struct mp_map body, private_;
    struct journal_event event = part_fact;
    event.kind = "recovery.tripcode_used";
    event.noun = "tripcode";
    event.name = bytes_of(trip->code);
    event.key = trip->key;
    event.cause = run->started;
    part_init(&body, &private_);
    mp_map_text(&body, "digest", bytes_of(trip->digest));
    mp_map_text(&body, "target", bytes_of(trip->target));
    int rc = journal_add(&run->journal, &event, &body, &private_, NULL, err);
    part_done(&body, &private_);
    return rc;
}

int events_began(struct running *run, size_t index, struct bytes route, const struct needs *needs, const struct trip *trip,
                 const char *span, size_t *ret, struct err *err) {
    static const char *const tiers[] = {"T0", "T1", "T2", "T3"};
    struct mp_map body, private_;
    struct journal_event event = {.kind = "run.step",
                                  .noun = "run",
                                  .name = run->id,
                                  .guard = JOURNAL_STEP,
                                  .cause = run->started,
                                  .after = SIZE_MAX};
    int tier = needs_tier(needs), rc = 0;
    if (trip != NULL && trip->code != NULL) rc = put_use(run, trip, err);
    part_init(&body, &private_);
    part_step(run, index, span, "started", &body);
    mp_map_text(&body, "route", route);
    mp_map_text(&body, "tier", bytes_of(tiers[tier]));
    if (tier >= 2) {
        put_writes(run, needs, &body);
    }
    if (trip != NULL) {
        mp_map_text(&body, "digest", bytes_of(trip->digest));
        mp_map_text(&body, "tripcode", bytes_of(trip->code != NULL ? trip->code : ""));
    }
    if (rc == 0) rc = journal_add(&run->journal, &event, &body, &private_, ret, err);
    part_done(&body, &private_);
    return rc;
}

int events_used(struct running *run, const struct need *need, uint64_t cause, size_t after, enum journal_guard guard,
                struct err *err) {
    const struct journal_event event = {
        .kind = "permission.used", .noun = "pack", .name = run->pack->name, .guard = guard, .cause = cause, .after = after};
    const struct part_use use = {.group = need->group, .scope = need->scope, .tier = need->tier, .whole = need->pattern};
    return part_use(run, &use, &event, err);
}

static void put_arguments(const struct tool *tool, struct mp_map *body, struct mp_map *private_) {
    uint8_t digest[HASH_LEN] = {0};
    uint64_t bytes = 0;
    tool_digest(tool, digest, &bytes);
    mp_map_hash(body, "arguments_digest", digest);
    mp_map_uint(body, "arguments_bytes", bytes);
    if (bytes > LISTED_MAX) return;
    mp_map_begin(private_, "arguments");
    mp_put_array(&private_->values, (uint32_t)tool->argv.n);
    for (size_t i = 0; i < tool->argv.n; i++) {
        part_item(&private_->values, tool->argv.argv[i]);
    }
    mp_map_end(private_);
}

int events_called(struct running *run, const struct tool *tool, const char *span, uint64_t cause, size_t after, size_t *ret,
                  struct err *err) {
    struct mp_map body, private_;
    struct journal_event event = part_fact;
    event.kind = "run.tool_called";
    event.name = run->id;
    event.cause = cause;
    event.after = after;
    part_init(&body, &private_);
    part_call(run, tool, span, &body);
    mp_map_text(&body, "span", bytes_of(span));
    mp_map_text(&body, "group", bytes_of("exec"));
    mp_map_text(&body, "scope", tool->route->program);
    put_arguments(tool, &body, &private_);
    int rc = journal_add(&run->journal, &event, &body, &private_, ret, err);
    part_done(&body, &private_);
    return rc;
}

int events_not_begun(struct running *run, size_t index, const char *span, uint64_t step, const struct decision *no,
                     const struct step_end *end, struct err *err) {
    struct mp_map body, private_;
    part_init(&body, &private_);
    int rc = part_end(run, index, span, step, end, no, &body, &private_, err);
    if (rc == 0) rc = journal_commit(&run->journal, err);
    part_done(&body, &private_);
    return rc;
}

int events_skipped(struct running *run, size_t index, const char *span, const struct step_end *end, struct err *err) {
    struct mp_map body, private_;
    part_init(&body, &private_);
    int rc = part_end(run, index, span, LOG_NO_SEQ, end, NULL, &body, &private_, err);
    if (rc == 0 && run->journal.n == JOURNAL_MAX / 2) rc = journal_commit(&run->journal, err);
    part_done(&body, &private_);
    return rc;
}

/* The order of a step's events: route.decided, run.step (started), permission.used, run.tool_called, in one commit that is
 * judged as a whole; then the program runs; then run.tool_returned, run.artifact, permission.used (of connections), run.step
 * (how it ended), in one commit. A step that is not begun is one run.step that says why; of steps that are skipped, several in one commit. */
#include "packs/run/step.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mp.h"
#include "base/text.h"
#include "packs/run/choice.h"
#include "packs/run/events.h"
#include "packs/run/model.h"
#include "packs/run/served.h"
#include "packs/run/spelling.h"
#include "packs/run/tool.h"
#include "projections/permissions/permitted.h"

#define S(text_) (int)((text_).n < 100 ? (text_).n : 100), (const char *)(text_).p
#define TRIES    5

/* A step while it runs. */
struct stepping {
    struct running *run;
    const struct manifest_step *step;
    size_t index;
    struct choice own, *choice;         /* choice: that of the run's beginning, or its own */
    const struct manifest_route *route; /* that serves it */
    struct needs needs;
    char span[RUNNING_SPAN];
    uint64_t began;     /* ns */
    uint64_t seq, call; /* of its first event, of its call */
    bool route_changed; /* while it was judged */
    size_t candidate;   /* of the choice, that serves it */
    bool falls_back;    /* from the one before it */
    size_t from;
    const char *reason;    /* of that, in a word: offline, policy, error, timeout */
    char words[RUN_WORDS]; /* and in more */
    struct tool tool;
    struct model model;
    struct trip trip; /* of a step of T3 */
    bool trips;
    struct step_end *end;
};

static void end_with(struct stepping *s, enum run_status status, const char *error, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void end_with(struct stepping *s, enum run_status status, const char *error, const char *fmt, ...) {
    va_list args;
    s->end->status = status;
    (void)snprintf(s->end->error, sizeof(s->end->error), "%s", error);
    va_start(args, fmt);
    (void)vsnprintf(s->end->why, sizeof(s->end->why), fmt, args);
    va_end(args);
}

/* ---- may it run? ------------------------------------------------------------------------------------------------------ */

static bool when_holds(struct stepping *s, const struct manifest_when *when) {
    size_t other = running_step(s->run, when->name);
    enum run_status status = other != SIZE_MAX ? s->run->steps[other].status : RUN_WAITING;
    switch (when->condition) {
    case MANIFEST_SUCCEEDED:
        return status == RUN_OK;
    case MANIFEST_FAILED:
        return status == RUN_FAILED || status == RUN_REFUSED;
    case MANIFEST_SKIPPED:
        return status == RUN_SKIPPED;
    default:
        return given_allows(&s->run->given, when);
    }
}

/* Its inputs are there, and the steps that it needs went well, but for the one that its condition is about. */
static bool is_fed(struct stepping *s, const struct manifest_when *when) {
    for (size_t i = 0; i < s->step->inputs.n; i++) {
        struct bytes name = s->step->inputs.items[i];
        const struct given *given = given_find(&s->run->given, name);
        if (given != NULL ? given->value == NULL : running_datum(s->run, name) == NULL) {
            end_with(s, RUN_SKIPPED, "", "its input '%.*s' is not there", S(name));
            return false;
        }
    }
    for (size_t i = 0; i < s->step->needs.n; i++) {
        struct bytes id = s->step->needs.items[i];
        size_t other = running_step(s->run, id);
        bool asked = when->condition >= MANIFEST_SUCCEEDED && bytes_eq(when->name, id);
        if (!asked && other != SIZE_MAX && s->run->steps[other].status != RUN_OK) {
            end_with(s, RUN_SKIPPED, "", "the step '%.*s' did not go well", S(id));
            return false;
        }
    }
    return true;
}

static bool may_run(struct stepping *s) {
    struct manifest_when when = {0};
    (void)manifest_when(s->step->when, &when); /* it was checked when the manifest was read */
    if (running_stopped(s->run)) {
        end_with(s, RUN_SKIPPED, "", "the run was stopped");
        return false;
    }
    if (s->run->changed.code != 0) {
        end_with(s, RUN_SKIPPED, "", "%.500s", s->run->changed.msg);
        return false;
    }
    if (!s->run->steps[s->index].wanted) {
        end_with(s, RUN_SKIPPED, "", "not asked for");
        return false;
    }
    if (!when_holds(s, &when)) {
        end_with(s, RUN_SKIPPED, "", "not needed: when %.*s", S(s->step->when));
        return false;
    }
    return is_fed(s, &when);
}

/* ---- judged while it is recorded -------------------------------------------------------------------------------------- */

/* The route is still the one, and what no use is recorded of is permitted. */
static int judge(void *ctx, struct state_view *view, struct decision *ret, struct err *err) {
    struct stepping *s = ctx;
    const struct run_options *o = s->run->options;
    bool same = true;
    struct buf who = {.max = 256};
    int rc = choice_again(s->choice, view, &same, err);
    same = same || (s->seq != LOG_NO_SEQ && choice_allows(s->choice, s->route->name)); /* it has begun on another route */
    s->route_changed = !same && s->seq == LOG_NO_SEQ;
    if (rc == 0 && !same) decide_no(ret, "the route of the step changed while it was decided");
    buf_printf(&who, "pack/%.*s", S(s->run->pack->name));
    for (size_t i = 0; rc == 0 && ret->yes && i < s->needs.n; i++) {
        const struct need *need = &s->needs.list[i];
        const struct decide_use use = {.group = need->group,
                                       .scope = need->scope,
                                       .tier = need->tier,
                                       .session = bytes_of(o->session != NULL ? o->session : ""),
                                       .run = s->run->id,
                                       .of_session = true,
                                       .call = !needs_counts(need)};
        bool path = need->what == NEED_INPUT || need->what == NEED_READ || need->what == NEED_WRITE;
        rc = !needs_counts(need) ? decide_is_permitted(view, bytes_of_buf(&who), &use, ret, err) : 0;
        if (rc == 0 && path) rc = spelling_judge(view, bytes_of_buf(&who), &use, o->workspace, ret, err);
    }
    buf_done(&who);
    return rc;
}

/* Two uses in one commit are judged as if there were the other one not; so one commit has one use of a group, and the first has
 * the beginning of the step. */
static bool is_first_of_group(const struct stepping *s, size_t i) {
    for (size_t k = 0; k < i; k++) {
        if (bytes_eq(s->needs.list[k].group, s->needs.list[i].group) && needs_counts(&s->needs.list[k])) return false;
    }
    return true;
}

static int put_uses(struct stepping *s, bool first, size_t after, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < s->needs.n; i++) {
        const struct need *need = &s->needs.list[i];
        if (!needs_counts(need) || is_first_of_group(s, i) != first) continue;
        rc = events_used(s->run, need, s->seq, first ? after : SIZE_MAX, JOURNAL_STEP, err);
        if (rc == 0 && !first) rc = journal_commit(&s->run->journal, err);
    }
    return rc;
}

static int put_call(struct stepping *s, size_t after, size_t *ret, struct err *err) {
    return manifest_role(s->route) == MANIFEST_TOOL ? events_called(s->run, &s->tool, s->span, s->seq, after, ret, err)
                                                    : events_asked(s->run, &s->model, s->span, s->seq, after, ret, err);
}

static bool has_more_uses(const struct stepping *s) {
    bool more = false;
    for (size_t i = 0; i < s->needs.n; i++) {
        more = more || (needs_counts(&s->needs.list[i]) && !is_first_of_group(s, i));
    }
    return more;
}

static int put_fall(struct stepping *s, uint64_t cause, struct err *err) {
    const struct route_candidate *c = s->choice->is.candidate;
    const struct events_fall fall = {.route = s->choice->asked.route,
                                     .from = &c[s->from],
                                     .to = &c[s->candidate],
                                     .reason = s->reason,
                                     .words = s->words};
    return s->falls_back ? events_fell_back(s->run, &fall, cause, err) : 0;
}

/* The choice, what it fell back on, and the step; of one that has begun on another route, that it falls back, and the step only
 * where guards judge it. *ret: the number of the step's event; SIZE_MAX. */
static int put_beginning(struct stepping *s, size_t *ret, struct err *err) {
    bool again = s->seq != LOG_NO_SEQ;
    int rc = again ? 0 : events_route(s->run, s->choice->asked.route, bytes_of_buf(&s->choice->body), NULL, err);
    if (rc == 0) rc = put_fall(s, again ? s->seq : s->run->started, err);
    if (rc != 0 || (again && needs_tier(&s->needs) < 2)) return rc;
    return events_began(s->run, s->index, s->route->name, &s->needs, s->trips ? &s->trip : NULL, s->span, ret, err);
}

/* What a controller permits, where it takes one. */
static void trip(struct stepping *s) {
    uint8_t digest[HASH_LEN];
    char text[TRIP_DIGEST];
    uint64_t bytes;
    s->trips = needs_tier(&s->needs) == 3;
    if (!s->trips) return;
    if (manifest_role(s->route) == MANIFEST_TOOL) {
        tool_digest(&s->tool, digest, &bytes);
        text_hex(text, s->tool.program.digest, HASH_LEN);
        trip_take(s->run, s->step, bytes_of(text), digest, &s->trip);
    } else {
        trip_take(s->run, s->step, bytes_of(s->model.name), s->model.prompt_digest, &s->trip);
    }
}

/* Records that it begins, if all that it uses is permitted. ERR_CONFLICT: it is not. */
static int begin(struct stepping *s, struct err *err) {
    struct journal *journal = &s->run->journal;
    size_t step = SIZE_MAX, call = SIZE_MAX;
    bool more = has_more_uses(s), again = s->seq != LOG_NO_SEQ;
    trip(s);
    int rc = put_beginning(s, &step, err);
    if (rc == 0) rc = put_uses(s, true, step, err);
    if (rc == 0 && !more) rc = put_call(s, step, &call, err);
    journal->also = judge;
    journal->also_ctx = s;
    if (rc == 0) rc = journal_commit(journal, err);
    if (rc == 0) {
        s->seq = again ? s->seq : journal->seq[step];
        s->call = more ? LOG_NO_SEQ : journal->seq[call];
    }
    if (rc == 0 && more) rc = put_uses(s, false, SIZE_MAX, err);
    if (rc == 0 && more) rc = put_call(s, SIZE_MAX, &call, err);
    if (rc == 0 && more) rc = journal_commit(journal, err);
    if (rc == 0 && more) s->call = journal->seq[call];
    return rc;
}

static int refuse(struct stepping *s, struct err *err) {
    const struct decision *no = &s->run->journal.decision;
    struct buf words = {.max = 2 * RUN_WORDS};
    journal_words(no, &words);
    if (s->trips) trip_refused(s->run, &s->trip, no, &words);
    end_with(s, RUN_REFUSED, "permission", "%.*s", (int)words.n, words.n > 0 ? (const char *)words.p : "");
    buf_done(&words);
    return events_not_begun(s->run, s->index, s->span, s->seq, no, s->end, err);
}

/* ---- on a route ------------------------------------------------------------------------------------------------------- */

/* Of a program that failed and was given a proxy: what it was refused, or that it did not use it. */
static void put_network(const struct work_result *r, char *ret, size_t size) {
    const struct work_connection *refused = NULL;
    ret[0] = '\0';
    for (size_t i = 0; i < r->connections_n && refused == NULL; i++) {
        refused = r->connections[i].refused[0] != '\0' ? &r->connections[i] : NULL;
    }
    if (refused != NULL) {
        (void)snprintf(ret, size, "; '%.100s' port %u: %s", refused->host, (unsigned)refused->port, refused->refused);
    } else if (r->proxy && r->connections_n == 0) {
        (void)snprintf(ret, size, "; it did not use its proxy (HTTP_PROXY), and has no other network");
    }
}

static void judge_end(struct stepping *s, int collected, const struct err *why) {
    const struct work_result *r = &s->tool.result;
    char network[256];
    put_network(r, network, sizeof(network));
    if (r->end == WORK_EXITED && r->code == 0 && collected == 0) {
        end_with(s, RUN_OK, "", "%s", "");
    } else if (r->end == WORK_EXITED && r->code == 0) {
        end_with(s, RUN_FAILED, collected == ERR_BUSY ? "stopped" : "output", "%s", why->msg);
    } else if (r->end == WORK_EXITED) {
        end_with(s, RUN_FAILED, "exit", "it ended with exit code %d%s", r->code, network);
    } else if (r->end == WORK_SIGNALED) {
        end_with(s, RUN_FAILED, "signal", "it was ended by signal %d%s%s", r->code, r->why[0] != '\0' ? ": " : "", r->why);
    } else {
        end_with(s, RUN_FAILED, r->end == WORK_NOT_STARTED ? "not_started" : work_end_name(r->end), "%s",
                 r->why[0] != '\0' ? r->why : work_end_name(r->end));
    }
    s->run->steps[s->index].timeout = r->end == WORK_TIMEOUT;
}

/* Runs it, and takes down what it reports meanwhile. */
static int execute(struct stepping *s, struct err *why, struct err *err) {
    struct hear *hear = &s->tool.hear;
    int rc = hear_begin(hear, s->run, s->step, s->call, err);
    if (rc == 0) {
        int ended = tool_execute(&s->tool, hear_line, hear, why);
        rc = hear_flush(hear, err);
        if (rc == 0 && ended != 0) rc = 1;
    }
    hear_done(hear);
    return rc;
}

/* ERR_*: the ledger's. */
static int run_tool(struct stepping *s, struct err *err) {
    struct tool *tool = &s->tool;
    struct err why = {0};
    s->run->tool_calls++;
    int rc = execute(s, &why, err);
    if (rc < 0) return rc;
    if (rc != 0) { /* this process's own failure: nothing runs any more */
        end_with(s, RUN_FAILED, "not_started", "%s", why.msg);
    } else {
        int collected = tool_collect(tool, &why);
        judge_end(s, collected, &why);
        if (!program_is_same(&tool->program, tool->executable)) {
            end_with(s, RUN_FAILED, "changed", "its program '%.300s' was changed while it ran", tool->program.host);
        }
    }
    rc = events_ended(s->run, tool, s->span, s->seq, s->call, clock_boot_ns() - s->began, s->end, err);
    for (size_t i = 0; s->end->status != RUN_OK && i < s->step->outputs.n; i++) {
        s->run->steps[s->index].data[i].made = false; /* recorded, and given to nobody */
    }
    return rc;
}

/* Whether the program that was opened is the one that was decided about. */
static bool is_chosen_program(const struct stepping *s) {
    const char *chosen = s->choice->is.candidate[s->candidate].program_digest;
    char now[TRIP_DIGEST] = "sha256:";
    text_hex(now + 7, s->tool.program.digest, HASH_LEN);
    return chosen[0] == '\0' || strcmp(chosen, now) == 0;
}

/* A program on the route that was chosen. */
static int serve_by_tool(struct stepping *s, struct err *err) {
    struct err why = {0};
    int rc = needs_read(s->run->pack, s->step, s->route, (struct bytes){0}, &s->run->given, &s->needs, &why);
    bool prepared = rc == 0;
    if (rc == 0) rc = tool_prepare(&s->tool, s->run, s->index, s->route, &s->needs, s->span, &why);
    if (rc == 0 && !is_chosen_program(s)) {
        s->route_changed = s->seq == LOG_NO_SEQ; /* then it is decided again */
        rc = err_set(&why, ERR_CONFLICT, "its program '%.200s' was changed after it was decided", s->tool.program.host);
    }
    if (rc == ERR_CONFLICT && s->route_changed) {
        err_set(err, rc, "%s", why.msg);
    } else if (rc != 0) {
        end_with(s, RUN_FAILED, rc == ERR_FULL ? "disk" : "input", "%s", why.msg);
        rc = events_not_begun(s->run, s->index, s->span, s->seq, NULL, s->end, err);
    } else {
        rc = begin(s, err);
        if (rc == 0) {
            rc = run_tool(s, err);
        } else if (rc == ERR_CONFLICT && !s->route_changed) {
            rc = refuse(s, err);
        }
    }
    if (prepared) {
        tool_done(&s->tool);
    }
    return rc;
}

static int no_route(struct stepping *s, struct err *err) {
    const struct route_choice *is = &s->choice->is;
    const struct route_candidate *first = &is->candidate[0];
    struct decision no;
    struct buf words = {.max = 2 * RUN_WORDS};
    decide_begin(&no);
    choice_cite(s->choice, &no);
    decide_no(&no, "no route may serve it: '%.100s': %s%s%.200s", first->name, is->reason,
              first->why[0] != '\0' ? ": " : "", first->why);
    journal_words(&no, &words);
    end_with(s, RUN_REFUSED, "route", "%.*s", (int)words.n, (const char *)words.p);
    buf_done(&words);
    int rc = events_route(s->run, s->choice->asked.route, bytes_of_buf(&s->choice->body), NULL, err);
    return rc == 0 ? events_not_begun(s->run, s->index, s->span, LOG_NO_SEQ, &no, s->end, err) : rc;
}

/* ---- falling back ----------------------------------------------------------------------------------------------------- */

/* To the next route that may serve, if there is one: false. */
static bool fall_back(struct stepping *s, const char *reason, const char *words) {
    size_t next = choice_next(s->choice, s->candidate);
    const struct manifest_route *route = choice_route(s->choice, s->run, next);
    (void)snprintf(s->words, sizeof(s->words), "%.400s", words);
    if (route == NULL) return false;
    s->falls_back = true;
    if (s->seq != LOG_NO_SEQ) s->trip.code = NULL; /* it is used up */
    s->from = s->candidate;
    s->candidate = next;
    s->reason = reason;
    s->route = route;
    return true;
}

/* It has no other route: it failed, or was refused. */
static int give_up(struct stepping *s, enum run_status status, const char *error, struct err *err) {
    const struct decision *no = status == RUN_REFUSED ? &s->run->journal.decision : NULL;
    int rc = 0;
    end_with(s, status, error, "%s", s->words);
    if (s->seq == LOG_NO_SEQ && status != RUN_REFUSED) {
        rc = events_route(s->run, s->choice->asked.route, bytes_of_buf(&s->choice->body), NULL, err);
    }
    return rc == 0 ? events_not_begun(s->run, s->index, s->span, s->seq, no, s->end, err) : rc;
}

/* The permissions that a call of a model uses: its name, and where it leaves the box. */
static int model_needs(struct stepping *s, struct err *err) {
    const struct model *model = &s->model;
    int rc = needs_read(s->run->pack, s->step, s->route, bytes_of(model->name), &s->run->given, &s->needs, err);
    return rc == 0 && model->egress[0] != '\0' ? needs_egress(s->run->pack, bytes_of(model->egress), &s->needs, err) : rc;
}

/* Asks, and records how that ended. 1: it did not serve. */
static int ask_model(struct stepping *s, struct model_fault *fault, struct err *err) {
    struct model *model = &s->model;
    const struct route_candidate *candidate = &s->choice->is.candidate[s->candidate];
    s->run->model_calls++;
    int rc = model_identify(model, candidate->bar == ROUTE_FREE ? candidate->digest : "", fault, err);
    if (rc == 0) rc = model_ask(model, fault, err);
    if (rc == 0) rc = model_keep(model, err);
    if (rc < 0) return rc;
    int answered = events_answered(s->run, model, s->span, s->call, rc == 0 ? "" : fault->words, err);
    if (answered == 0 && rc != 0) answered = journal_commit(&s->run->journal, err);
    if (answered == 0 && rc == 0) {
        end_with(s, RUN_OK, "", "%s", model_over(model, s->run->over) ? s->run->over : "");
        answered = events_model_ended(s->run, model, s->span, s->seq, clock_boot_ns() - s->began, s->end, err);
    }
    return answered != 0 ? answered : rc;
}

/* A model serves it, or its fallback does. *ret_again: on s->route, now. */
static int serve_by_model(struct stepping *s, bool *ret_again, struct err *err) {
    struct model_fault fault = {.reason = "error"};
    enum run_status status = RUN_FAILED;
    struct buf words = {.max = 2 * RUN_WORDS};
    int rc = model_prepare(&s->model, s->run, s->index, s->route, &fault, err);
    if (rc == 0) rc = model_needs(s, err);
    if (rc == 0) {
        rc = begin(s, err);
        if (rc == ERR_CONFLICT && !s->route_changed) {
            status = RUN_REFUSED;
            journal_words(&s->run->journal.decision, &words);
            fault.reason = "policy";
            (void)snprintf(fault.words, sizeof(fault.words), "%.*s", (int)words.n, (const char *)words.p);
            rc = 1;
        } else if (rc == 0) {
            rc = ask_model(s, &fault, err);
        }
    }
    *ret_again = rc == 1 && !running_stopped(s->run) && fall_back(s, fault.reason, fault.words);
    if (rc == 1 && !*ret_again) {
        (void)snprintf(s->words, sizeof(s->words), "%s", running_stopped(s->run) ? "it was stopped" : fault.words);
        rc = give_up(s, status, status == RUN_REFUSED ? "permission" : fault.reason, err);
    }
    model_done(&s->model);
    buf_done(&words);
    return *ret_again ? 0 : rc;
}

/* That it ran on a fallback, or in a demo on what changed since it was proven; why, and by which events. */
static void note_route(struct stepping *s) {
    const struct route_candidate *first = &s->choice->is.candidate[0];
    bool fell_back = s->candidate > 0;
    struct decision why;
    struct buf words = {.max = 2 * RUN_WORDS};
    decide_begin(&why);
    decide_no(&why, "route '%.100s' %s: %.250s", first->name, first->changed ? "changed" : "may not serve", first->why);
    choice_cite(s->choice, &why);
    s->run->steps[s->index].fell_back = fell_back;
    if (fell_back) buf_printf(&words, "on its fallback '%.*s': ", S(s->route->name));
    if (s->falls_back) {
        buf_put_str(&words, s->words);
    } else {
        journal_words(&why, &words);
    }
    (void)snprintf(s->end->note, sizeof(s->end->note), "%.*s", (int)words.n, words.n > 0 ? (const char *)words.p : "");
    buf_done(&words);
}

/* A program that ended, however it did, or a model that answered. */
static void note_served(struct stepping *s) {
    static const char *const unknown[] = {"not_started", "input", "disk", "changed", "stopped"};
    const struct route_candidate *is = &s->choice->is.candidate[s->candidate];
    bool tool = manifest_role(s->route) == MANIFEST_TOOL;
    bool did = s->end->status == RUN_OK || (tool && s->end->status == RUN_FAILED);
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        did = did && strcmp(s->end->error, unknown[i]) != 0;
    }
    if (!did) return;
    s->end->served = s->route->name;
    const struct work_identity *model = &s->model.identity; /* as it was asked right before the call */
    const char *digest = tool                         ? is->program_digest
                         : model->weights[0] != '\0'  ? model->weights
                         : model->manifest[0] != '\0' ? model->manifest
                                                      : is->digest;
    (void)snprintf(s->end->digest, sizeof(s->end->digest), "%.79s", digest);
}

/* At first by the decision that let the run begin, which the commit that begins the step makes once more; `fresh`: by a new one. */
static int serve_once(struct stepping *s, bool fresh, struct err *err) {
    bool again = true;
    s->route_changed = s->falls_back = false;
    choice_done(&s->own);
    s->choice = fresh ? NULL : served_choice(s->run->served, running_route(s->run, s->step));
    int rc = s->choice == NULL ? choice_make(&s->own, s->run, s->step, err) : 0;
    if (s->choice == NULL) s->choice = &s->own;
    if (rc != 0) return rc;
    s->candidate = s->choice->is.chosen;
    s->route = choice_route(s->choice, s->run, s->candidate);
    if (s->route == NULL) return no_route(s, err);
    while (rc == 0 && again && manifest_role(s->route) == MANIFEST_MODEL) {
        rc = serve_by_model(s, &again, err);
    }
    if (rc == 0 && again) rc = serve_by_tool(s, err);
    bool other = s->candidate > 0 || s->choice->is.candidate[0].changed;
    if (rc == 0) note_served(s);
    if (rc == 0 && s->end->status == RUN_OK && other) note_route(s);
    return rc;
}

/* States may change between the choice and the commit that records it. */
static int serve(struct stepping *s, struct err *err) {
    int rc = serve_once(s, false, err);
    for (int i = 0; i < TRIES && rc == ERR_CONFLICT && s->route_changed; i++) {
        rc = serve_once(s, true, err);
    }
    return rc;
}

int step_run(struct running *run, size_t index, struct step_end *ret, struct err *err) {
    struct stepping *s = calloc(1, sizeof(*s));
    if (s == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    memset(ret, 0, sizeof(*ret));
    s->run = run;
    s->step = &run->pack->steps.items[index];
    s->index = index;
    s->began = clock_boot_ns();
    s->seq = s->call = LOG_NO_SEQ;
    s->end = ret;
    running_span(s->span);
    bool runs = may_run(s);
    int rc = runs ? journal_commit(&run->journal, err) : events_skipped(run, index, s->span, ret, err);
    if (rc == 0 && runs) rc = serve(s, err);
    run->steps[index].status = ret->status;
    choice_done(&s->own);
    free(s);
    return rc;
}

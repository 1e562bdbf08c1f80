/* An agent is connected by its newest setup.applied or setup.undone, and its hooks are what the probe last saw of them. What was
 * seen before the newest of these changes says nothing of it: after setup.undone the agent is not judged, after setup.applied
 * it is unknown, until the probe has looked again. Where it sees hooks of an agent after one of its files was undone, there
 * is another one. */
#include "projections/verdict/hooks.h"

#include <stdio.h>

#include "projections/verdict/probed.h"

#define DAYS  7 /* an observation counts for so long */
#define LOOK  "ledger doctor"
#define APPLY "ledger setup --apply {about}"

static const struct hook_status {
    const char *status;
    enum verdict_state state;
    enum message_key says;
    struct verdict_help help;
} statuses[] = {
    {"ok", VERDICT_PASS, MESSAGE_NONE, {MESSAGE_NONE, NULL}},
    {"missing", VERDICT_FAIL, MESSAGE_HOOK_MISSING, {MESSAGE_NONE, APPLY}},
    {"missing_project", VERDICT_FAIL, MESSAGE_HOOK_MISSING_PROJECT, {MESSAGE_NONE, APPLY " --project DIR"}},
    {"silenced", VERDICT_FAIL, MESSAGE_HOOK_SILENCED, {MESSAGE_FIRST_SILENCED, LOOK}},
    {"untapped", VERDICT_FAIL, MESSAGE_TAP_MISSING, {MESSAGE_NONE, APPLY}},
    {"untapped_project", VERDICT_FAIL, MESSAGE_TAP_MISSING, {MESSAGE_NONE, APPLY " --project DIR"}},
    {"other_tap", VERDICT_WARN, MESSAGE_TAP_ELSEWHERE, {MESSAGE_FIRST_UNDO, APPLY}},
    {"elsewhere", VERDICT_WARN, MESSAGE_HOOK_ELSEWHERE, {MESSAGE_FIRST_UNDO, APPLY}},
    {"partial", VERDICT_WARN, MESSAGE_HOOK_PARTIAL, {MESSAGE_FIRST_UNDO, APPLY}},
    {"unrecorded", VERDICT_UNKNOWN, MESSAGE_HOOK_UNRECORDED, {MESSAGE_FIRST_UNDO, APPLY}},
    {"broken", VERDICT_UNKNOWN, MESSAGE_HOOK_BROKEN, {MESSAGE_FIRST_SETTINGS, LOOK}},
    {"denied", VERDICT_UNKNOWN, MESSAGE_HOOK_DENIED, {MESSAGE_FIRST_SETTINGS, LOOK}},
    {"error", VERDICT_UNKNOWN, MESSAGE_HOOK_ERROR, {MESSAGE_FIRST_SETTINGS, LOOK}},
};
static const struct hook_status unseen = {"", VERDICT_UNKNOWN, MESSAGE_HOOK_UNSEEN, {MESSAGE_NONE, LOOK}};
static const struct hook_status old = {"", VERDICT_UNKNOWN, MESSAGE_HOOK_OLD, {MESSAGE_NONE, LOOK}};
static const struct hook_status other = {"", VERDICT_UNKNOWN, MESSAGE_HOOK_STATUS, {MESSAGE_NONE, LOOK}};

struct looking {
    size_t hooks, taps; /* agents; servers of theirs */
    int64_t touched;    /* the newest observation */
};

static const struct hook_status *status_of(const struct verdict_case *c, const struct row *check) {
    if (!verdict_of_late(c, named_int(check, "at"), DAYS)) return &old;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]) && !named_bool(check, "offline"); i++) {
        if (named_is(check, "status", statuses[i].status)) return &statuses[i];
    }
    return &other;
}

static void take(struct verdict_case *c, struct bytes agent, const struct row *setup, const struct row *check) {
    const struct hook_status *found = check != NULL ? status_of(c, check) : &unseen;
    struct bytes status = check != NULL ? named_text(check, "status") : bytes_of("");
    char when[VERDICT_WHEN];
    verdict_when(when, check != NULL ? named_int(check, "at") : 0);
    verdict_found(c, found->state, check != NULL ? check : setup, agent,
                  SAY_KEY(found->says, message_name("agent", agent), message_name("status", status),
                          message_name("time", bytes_of(when))));
    if (found->state != VERDICT_PASS && verdict_leads(c, found->state)) {
        c->help = &found->help;
    }
    if (check != NULL && c->state == found->state && found->state != VERDICT_PASS) {
        reason_cite_cell(&c->reason, setup, named_column(setup, "changed_seq"), SIZE_MAX);
    }
}

static int each_setup(struct verdict_case *c, void *ctx, const struct row *row, struct err *err) {
    struct looking *l = ctx;
    struct bytes agent = named_text(row, "agent"), name = named_text(row, "name");
    const struct bytes key[] = {bytes_of(PROBED_HOOKS), name};
    struct row check;
    bool there = false;
    if (agent.n == 0) return 0;
    int rc = verdict_look(c, "checks", key, 2, &check, &there, err);
    bool seen = rc == 0 && there && named_int(&check, "updated_seq") > named_int(row, "changed_seq");
    if (rc == 0 && (seen || named_is(row, "state", "applied"))) {
        take(c, name, row, seen ? &check : NULL);
        *(bytes_eq(agent, name) ? &l->hooks : &l->taps) += 1;
        if (seen && named_int(&check, "updated_seq") > l->touched) l->touched = named_int(&check, "updated_seq");
    }
    row_done(&check);
    return rc < 0 ? rc : 0;
}

bool verdict_is_connectable(struct bytes agent) {
    static const char *const names[] = {"claude-code", "codex", "gemini-cli", "opencode", "goose"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (bytes_is(agent, names[i])) return true;
    }
    return false;
}

int verdict_hooks(struct verdict_case *c, size_t *ret_hooks, size_t *ret_taps, struct err *err) {
    struct looking l = {0};
    int rc = verdict_each_of(c, "setups", NULL, 0, each_setup, &l, err);
    if (rc == 0 && l.hooks + l.taps > 0) rc = verdict_look_failed(c, "hooks", l.touched, err);
    *ret_hooks = l.hooks;
    *ret_taps = l.taps;
    return rc;
}

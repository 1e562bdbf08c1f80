/* What is asked of a pack: by its own row, and by those of the permissions, checks, routes and models that its installation
 * named. What a pack requires weighs more than what it may do without. */
#include <stdio.h>

#include "projections/doctor.h"
#include "projections/needs.h"

/* The pack's row, or the finding that it is not known. */
static bool is_known(struct doctor_case *c) {
    if (c->installed == NULL) {
        doctor_found(c, DOCTOR_UNKNOWN, NULL, c->pack, "nothing is known of %.*s", REASON_NAME(c->pack));
    }
    return c->installed != NULL;
}

/* ---- its state ---- */

static const struct {
    const char *state;
    enum doctor_state verdict;
    const char *words;
} states[] = {
    {"ready", DOCTOR_PASS, "it is ready"},
    {"partial", DOCTOR_WARN, "a part of it is ready"},
    {"demo-only", DOCTOR_WARN, "it may run, and nothing of it is proven"},
    {"parked", DOCTOR_WARN, "it was set aside"},
    {"blocked", DOCTOR_FAIL, "it is blocked"},
    {"removed", DOCTOR_FAIL, "it was removed"},
};

int doctor_pack_state(struct doctor_case *c, struct err *err) {
    (void)err;
    if (!is_known(c)) {
        return 0;
    }
    struct bytes state = named_text(c->installed, "state"), reason = named_text(c->installed, "reason");
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (bytes_is(state, states[i].state)) {
            doctor_found(c, states[i].verdict, c->installed, c->pack, "%s%s%.*s", states[i].words, reason.n > 0 ? ": " : "",
                         DOCTOR_WORDS(reason));
            doctor_passes(c, "%s", states[i].words);
            doctor_command_of(c, c->installed);
            return 0;
        }
    }
    doctor_found(c, DOCTOR_UNKNOWN, c->installed, c->pack, "only its installation is known");
    return 0;
}

/* ---- its needs ---- */

/* How a finding weighs: by what it makes of the pack's state, but for what was never looked at. */
static enum doctor_state of_need(const struct need *need, enum readiness_id id) {
    bool unknown = id == READINESS_NEED_CHECK_NEVER || id == READINESS_NEED_CHECK_OLD ||
                   id == READINESS_NEED_CHECK_UNCLEAR || id == READINESS_NEED_MODEL_UNTOLD ||
                   (id == READINESS_NEED_CHECK_OPTIONAL && need->row == NULL);
    bool fails = readiness_rules[id].outcome == READINESS_BLOCKED || id == READINESS_NEED_MODEL ||
                 id == READINESS_NEED_ROUTE_UNDECLARED;
    return unknown ? DOCTOR_UNKNOWN : fails ? DOCTOR_FAIL : DOCTOR_WARN;
}

/* Unproven is a warning: the pack may run. A route that does not answer is a failure where the pack requires it. */
static const struct {
    const char *state;
    enum doctor_state required, optional;
} route_states[] = {
    {"ready", DOCTOR_PASS, DOCTOR_PASS},    {"degraded", DOCTOR_WARN, DOCTOR_WARN},
    {"declared", DOCTOR_WARN, DOCTOR_PASS}, {"declared-not-proven", DOCTOR_WARN, DOCTOR_PASS},
    {"parked", DOCTOR_WARN, DOCTOR_PASS},   {"offline", DOCTOR_FAIL, DOCTOR_WARN},
    {"removed", DOCTOR_FAIL, DOCTOR_PASS},  {"undeclared", DOCTOR_WARN, DOCTOR_PASS},
};

static enum doctor_state of_route(const struct need *need) {
    for (size_t i = 0; i < sizeof(route_states) / sizeof(route_states[0]); i++) {
        if (named_is(need->row, "state", route_states[i].state)) {
            return need->required ? route_states[i].required : route_states[i].optional;
        }
    }
    return DOCTOR_UNKNOWN;
}

static void cite_all(struct doctor_case *c, const struct need *need, enum doctor_state state) {
    for (size_t i = 0; c->state == state && i < need->held.decision.n_evidence; i++) {
        reason_cite(&c->reason, need->held.decision.evidence[i], 0);
    }
}

static void put_command(struct doctor_case *c, const struct need *need) {
    struct buf remedy;
    buf_init(&remedy, sizeof(c->command) - 1);
    need_remedy(need, &remedy);
    snprintf(c->command, sizeof(c->command), "%.*s", remedy.fail == 0 ? (int)remedy.n : 0,
             remedy.n > 0 ? (const char *)remedy.p : "");
    buf_done(&remedy);
}

static int take_need(void *ctx, struct need *need, struct err *err) {
    struct doctor_case *c = ctx;
    enum readiness_id id = READINESS_RULES;
    bool unmet = need_is_unmet(need, &id);
    bool warns = !unmet && need->sort == NEED_OF_CHECK && named_is(need->row, "verdict", "warn");
    bool of_route_ = need->sort == NEED_OF_ROUTE && need->row != NULL;
    enum doctor_state state = of_route_ ? of_route(need) : unmet ? of_need(need, id) : warns ? DOCTOR_WARN : DOCTOR_PASS;
    (void)err;
    if (unmet) {
        doctor_found(c, state, need->row != NULL ? need->row : c->installed, need->name, "%s", need->found->found[0].words);
    } else {
        doctor_found(c, state, need->row, need->name, "check '%.*s' warns", REASON_NAME(need->name));
    }
    cite_all(c, need, state);
    if (unmet && doctor_leads(c, state)) {
        put_command(c, need);
    }
    return 0;
}

/* False: nothing is known of the pack, or it failed with *ret. */
static bool ask(struct doctor_case *c, enum need_sort sort, int *ret, struct err *err) {
    *ret = is_known(c) ? needs_walk(c->view, c->installed, NEED_OF(sort), take_need, c, err) : 0;
    return *ret == 0 && c->installed != NULL;
}

int doctor_pack_permissions(struct doctor_case *c, struct err *err) {
    int rc;
    if (ask(c, NEED_OF_PERMISSION, &rc, err)) {
        doctor_passes(c, c->found > 0 ? "it has those that it requires of %zu" : "it asks for %zu", c->found);
    }
    return rc;
}

/* What was observed for the pack from outside. */
static int each_observation(struct doctor_case *c, const struct row *row, struct err *err) {
    static const struct doctor_help help = {
        "mend it", "ledger append doctor.observed -s check/{about} check={about}{target} pack={pack} status=ok"};
    struct bytes check = named_text(row, "check"), status = named_text(row, "status"), target = named_text(row, "target");
    (void)err;
    if (bytes_eq(named_text(row, "pack"), c->pack)) {
        doctor_found(c, doctor_of_status(row), row, check, "%.*s: %.*s", REASON_NAME(check), REASON_NAME(status));
        if (doctor_leads(c, doctor_of_status(row))) {
            c->help = &help;
            snprintf(c->more, sizeof(c->more), "%.*s", (int)reason_fits(target, sizeof(c->more) - 1),
                     target.n > 0 ? (const char *)target.p : "");
        }
    }
    return 0;
}

int doctor_pack_checks(struct doctor_case *c, struct err *err) {
    int rc;
    if (ask(c, NEED_OF_CHECK, &rc, err)) {
        rc = doctor_each(c, "checks", each_observation, err);
        doctor_passes(c, c->found > 0 ? "%zu pass" : "it has %zu", c->found);
    }
    return rc;
}

int doctor_pack_routes(struct doctor_case *c, struct err *err) {
    int rc;
    if (ask(c, NEED_OF_ROUTE, &rc, err)) {
        doctor_passes(c, c->found > 0 ? "the required ones of %zu are proven" : "it has %zu", c->found);
    }
    return rc;
}

int doctor_pack_models(struct doctor_case *c, struct err *err) {
    int rc;
    if (ask(c, NEED_OF_MODEL, &rc, err)) {
        doctor_passes(c, c->found > 0 ? "%zu are there" : "it names %zu", c->found);
    }
    return rc;
}
